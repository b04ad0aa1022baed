//! A step that the table does not have is named in the message.

use daegeum_engine::lifecycle::Edge;
use daegeum_engine::payment::{Authorized, Capture, Captured, Failed, Void, Voided};

fn in_the_table<From: Edge<Action, To>, Action, To>() {}

fn main() {
    in_the_table::<Authorized, Void, Voided>();
    in_the_table::<Captured, Void, Voided>();
    in_the_table::<Failed, Capture, Captured>();
}
