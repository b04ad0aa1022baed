//! Remarks: what a person writes about a decision, for the merchant's own records. They are stored sealed.

use daegeum_engine::sealed::{RetentionClass, Sealed};

use crate::app::App;
use crate::http::{HttpErrorCode, Problem};
use crate::text;

/// The longest remark, in characters.
const REMARK_MAX: usize = 500;

/// Seals a remark that has something to read.
pub fn sealed(app: &App, said: &str, field: &str) -> Result<Sealed, Problem> {
    let said = text::composed(said);
    if daegeum_engine::text::is_blank(&said) || said.chars().count() > REMARK_MAX {
        return Err(Problem::from(HttpErrorCode::InvalidValue).at(
            field.to_owned(),
            "A reason has 1 to 500 characters, of which one at least can be seen.",
        ));
    }
    app.seals
        .seal(RetentionClass::Remark, said.as_bytes(), app.now())
}
