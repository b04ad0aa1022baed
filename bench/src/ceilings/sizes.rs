//! The sizes of the product's answers, so that the ceilings send as many bytes.

use std::fmt;
use std::str::FromStr;

use crate::failure::{Failure, While};
use crate::http::Answer;
use crate::requests::Step;

/// One answer's status and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Size {
    pub(crate) status: u16,
    pub(crate) head: usize,
    pub(crate) body: usize,
}

impl Size {
    pub(crate) fn of(answer: &Answer<'_>) -> Self {
        Self {
            status: answer.status,
            head: answer.head_bytes,
            body: answer.body.len(),
        }
    }
}

/// Those of the three steps of a cycle; on a command line `201+210+480,201+…,200+…`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sizes {
    pub(crate) order: Size,
    pub(crate) payment: Size,
    pub(crate) complete: Size,
}

impl Sizes {
    pub(crate) fn of(&self, step: Step) -> Size {
        match step {
            Step::Order => self.order,
            Step::Payment => self.payment,
            Step::Complete | Step::Webhook => self.complete,
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = [self.order, self.payment, self.complete];
        let shown = sizes.map(|Size { status, head, body }| format!("{status}+{head}+{body}"));
        out.write_str(&shown.join(","))
    }
}

impl FromStr for Sizes {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let sizes = text.split(',').map(size).collect::<Result<Vec<_>, _>>()?;
        match sizes.as_slice() {
            [order, payment, complete] => Ok(Self {
                order: *order,
                payment: *payment,
                complete: *complete,
            }),
            _ => Err(Failure::new("sizes are three")),
        }
    }
}

fn size(text: &str) -> Result<Size, Failure> {
    let mut numbers = text.split('+');
    let mut next = || {
        numbers
            .next()
            .ok_or_else(|| Failure::new("a size has three numbers"))
    };
    Ok(Size {
        status: next()?.parse().when("a status")?,
        head: next()?.parse().when("a head's bytes")?,
        body: next()?.parse().when("a body's bytes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_survive_the_command_line() {
        let text = "201+210+480,201+211+300,200+212+310";
        let sizes: Sizes = text.parse().expect("sizes");
        assert_eq!(
            (sizes.payment.head, sizes.of(Step::Complete).body),
            (211, 310)
        );
        assert_eq!(sizes.to_string(), text);
        assert!("201+1+2".parse::<Sizes>().is_err());
    }
}
