//! The tables of docs/journal.md, parsed for tests that compare them with stored bytes.

/// One row: a field's offset, its length (`None`: another field gives it), and its name.
#[derive(Debug, Clone)]
struct Row {
    offset: usize,
    bytes: Option<usize>,
    field: String,
}

/// One table of the document.
#[derive(Debug, Clone)]
pub(super) struct Table(Vec<Row>);

/// Every byte table, in the document's order.
pub(super) fn tables() -> Vec<Table> {
    let document = include_str!("../../../docs/journal.md");
    let mut tables = Vec::new();
    for line in document.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", "offset", "bytes", "field", "meaning", ""] => tables.push(Table(Vec::new())),
            ["", offset, bytes, field, _, ""] if offset.parse::<usize>().is_ok() => {
                let row = Row {
                    offset: offset.parse().unwrap(),
                    bytes: bytes.parse().ok(),
                    field: field.to_owned(),
                };
                tables.last_mut().unwrap().0.push(row);
            }
            _ => {}
        }
    }
    tables
}

impl Table {
    /// The bytes of a field in a structure that begins at the front of `bytes`.
    pub(super) fn field<'a>(&self, bytes: &'a [u8], field: &str) -> &'a [u8] {
        let row = self.0.iter().find(|row| row.field == field);
        let row = row.unwrap_or_else(|| panic!("no {field} in the document"));
        let bytes = &bytes[row.offset..];
        row.bytes.map_or(bytes, |length| &bytes[..length])
    }

    /// The same field as a number.
    pub(super) fn number(&self, bytes: &[u8], field: &str) -> u64 {
        let digits = self.field(bytes, field).iter().rev();
        digits.fold(0, |number, digit| (number << 8) | u64::from(*digit))
    }

    /// How many bytes the rows cover; they must follow each other without a gap.
    pub(super) fn length(&self) -> usize {
        self.0.iter().fold(0, |end, row| {
            assert_eq!(row.offset, end, "{} does not follow", row.field);
            end.checked_add(row.bytes.unwrap_or(0)).unwrap()
        })
    }
}
