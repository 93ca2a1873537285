//! The frame of a plot: its size, and what every plot draws in the same way.

use maud::{Markup, Render, html};

const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// The frame of a plot, in SVG units.
pub struct Frame {
    width: f64,
    height: f64,
    /// The left and right edges of the grid.
    pub left: f64,
    pub right: f64,
    /// The upper and lower edges of the grid.
    pub top: f64,
    pub bottom: f64,
}

impl Frame {
    /// A frame with margins to the left and right of its grid.
    pub const fn new((width, height): (f64, f64), left: f64, right: f64) -> Self {
        Frame {
            width,
            height,
            left,
            right: width - right,
            top: TOP,
            bottom: height - BOTTOM,
        }
    }

    /// The whole plot.
    pub fn svg(&self, class: &str, label: &str, content: &Markup) -> Markup {
        html! {
            svg class=(class) viewBox={ "0 0 " (self.width) " " (self.height) } role="img" aria-label=(label) { (content) }
        }
    }

    /// A horizontal line of the grid, with its label.
    pub fn row(&self, y: f64, label: impl Render) -> Markup {
        html! {
            line x1=(self.left) x2=(self.right) y1=(fixed(y)) y2=(fixed(y)) {}
            text x=(self.left - 6.0) y=(fixed(y + 4.0)) text-anchor="end" { (label) }
        }
    }

    /// A label below the grid.
    pub fn tick(&self, x: f64, below: f64, label: impl Render) -> Markup {
        html! { text x=(fixed(x)) y=(self.bottom + below) text-anchor="middle" { (label) } }
    }

    /// The name of the horizontal axis.
    pub fn axis(&self, name: &str) -> Markup {
        let middle = (self.left + self.right) / 2.0;
        html! { text.axis x=(fixed(middle)) y=(self.height - 3.0) text-anchor="middle" { (name) } }
    }
}

/// A coordinate, with as many digits as a screen can show.
pub fn fixed(number: f64) -> String {
    format!("{number:.1}")
}
