//! Pieces that screens are put together from. Each is a value that becomes lines or cells.

pub(crate) mod big;
pub(crate) mod dialog;
pub(crate) mod input;
pub(crate) mod meter;
pub(crate) mod page;
pub(crate) mod scroll;
pub(crate) mod text;
