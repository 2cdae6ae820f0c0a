//! What the customer's own Windows brings to a medium: editions, architecture, build, and which of its files a
//! laptop starts from. We ship none of them.

pub mod edition;
pub mod layout;
pub mod pe;

pub use edition::{Architecture, Edition, EditionsError};
