//! whiteglove
