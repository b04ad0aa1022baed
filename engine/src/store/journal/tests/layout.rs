//! The golden segment.
