//! What is seen in an image.
