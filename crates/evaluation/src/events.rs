//! How well events are rated: by rules, by a model, by both.

mod cases;
mod rating;

pub use cases::{EventCase, EventsError, generated, of_folder};
pub use rating::{OfRater, Rated, Rater, Ratings, rate, ratings};
