//! Questions put to a history.
pub struct View;
pub struct Request;
pub struct Window;
pub struct Answered;
