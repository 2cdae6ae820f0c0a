//! Where a file's bytes lie inside a larger file: an ISO's files go onto a medium without being unpacked first.

/// A stretch of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Offset in bytes; `None` is a hole, which reads as zeros.
    pub at: Option<u64>,
    /// In bytes.
    pub length: u64,
}

impl Piece {
    pub fn new(at: u64, length: u64) -> Self {
        Self { at: Some(at), length }
    }

    pub fn hole(length: u64) -> Self {
        Self { at: None, length }
    }

    /// Where it ends in the larger file; a hole is nowhere.
    pub fn end(&self) -> u64 {
        self.at.map_or(0, |at| at.saturating_add(self.length))
    }
}

/// Adds a piece, joined to the last one where it goes on from there.
pub fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.length == 0 {
        return;
    }
    if let Some(last) = pieces.last_mut() {
        let goes_on = match (last.at, piece.at) {
            (None, None) => true,
            (Some(_), Some(at)) => last.end() == at,
            _ => false,
        };
        if goes_on {
            last.length += piece.length;
            return;
        }
    }
    pieces.push(piece);
}

/// The part of them that a range of the file they make falls into; shorter if the file ends before.
pub fn slice(pieces: &[Piece], from: u64, length: u64) -> Vec<Piece> {
    let (mut skip, mut left, mut found) = (from, length, Vec::new());
    for piece in pieces {
        if left == 0 {
            break;
        }
        if skip >= piece.length {
            skip -= piece.length;
            continue;
        }
        let take = left.min(piece.length - skip);
        push(&mut found, Piece { at: piece.at.map(|at| at + skip), length: take });
        left -= take;
        skip = 0;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_go_on_are_one() {
        let mut pieces = Vec::new();
        for piece in [Piece::new(10, 5), Piece::new(15, 5), Piece::hole(3), Piece::hole(4), Piece::new(20, 0)] {
            push(&mut pieces, piece);
        }
        assert_eq!(pieces, [Piece::new(10, 10), Piece::hole(7)]);
        push(&mut pieces, Piece::new(20, 1));
        assert_eq!(pieces.last(), Some(&Piece::new(20, 1)));
    }

    #[test]
    fn a_slice_keeps_to_what_is_there() {
        let pieces = [Piece::new(100, 10), Piece::hole(10), Piece::new(500, 10)];
        assert_eq!(slice(&pieces, 0, 30), pieces);
        assert_eq!(slice(&pieces, 5, 10), [Piece::new(105, 5), Piece::hole(5)]);
        assert_eq!(slice(&pieces, 25, 100), [Piece::new(505, 5)]);
        assert_eq!(slice(&pieces, 30, 1), []);
    }
}
