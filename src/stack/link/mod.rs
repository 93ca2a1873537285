//! The `link` decorator: a backend of any driver whose connections lead through a link.
//!
//! [`LinkedDriver`] does a link's acts and leaves all others to the driver that it wraps. The link
//! is a process of `comeback link` that comeback starts before the backend, or one that runs
//! already, such as a service of a compose project. Nothing of it has to be undone by a journal:
//! the control connection is the lease, and a link that comeback started ends when comeback does.

mod driver;
mod link_process;
mod link_source;

pub use driver::LinkedDriver;
pub use link_source::LinkSource;
