//! A QR code as the outline of its dark squares: one SVG path, no picture to load.

use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};

/// A QR code, ready for a template.
pub(crate) struct Qr {
    /// Squares on each side, with the quiet ones around.
    pub side: usize,
    /// The dark squares.
    pub path: String,
}

/// Quiet squares on each side.
const QUIET: usize = 4;

impl Qr {
    /// `None` where the text is too long for one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let dark = row[x..].iter().take_while(|c| **c == Color::Dark).count();
                if dark > 0 {
                    path.push_str(&format!("M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET));
                }
                x += dark.max(1);
            }
        }
        let side = width + 2 * QUIET;
        Some(Self { side, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners() {
        let code = Qr::of("otpauth://totp/Marigold:a%40b.example?secret=JBSWY3DP").unwrap();
        assert!(code.side >= 29 + 8);
        // The top edges of the two upper corners, seven squares each.
        let right = code.side - 4 - 7;
        assert!(
            code.path.starts_with("M4 4h7v1h-7z"),
            "{}",
            &code.path[..40]
        );
        assert!(code.path.contains(&format!("M{right} 4h7v1h-7z")));
        assert!(code.path.contains(&format!("M4 {right}h7v1h-7z")));
        assert!(Qr::of(&"x".repeat(5_000)).is_none());
    }
}
