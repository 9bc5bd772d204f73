//! What pages load beside their HTML: one style sheet, one module, the icons.
//!
//! Embedded in the binary and named by their content, so that browsers may keep them for
//! ever and a new version is fetched at once. Nothing is read from disk.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// One embedded file.
pub(crate) struct Asset {
    url: String,
    kind: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, body: &'static str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
        let mut url = format!("/assets/{stem}.");
        for byte in &digest.as_ref()[..6] {
            url.push_str(&format!("{byte:02x}"));
        }
        url.push('.');
        url.push_str(extension);
        Self { url, kind, body }
    }

    /// Where it is served.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The style sheet: its layers in order.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let body = concat!(
        include_str!("../assets/css/00-reset.css"),
        include_str!("../assets/css/10-tokens.css"),
        include_str!("../assets/css/20-base.css"),
        include_str!("../assets/css/30-layout.css"),
        include_str!("../assets/css/40-components.css"),
        include_str!("../assets/css/50-pages.css"),
        include_str!("../assets/css/60-catalogue.css"),
        include_str!("../assets/css/70-desk.css"),
        include_str!("../assets/css/70-senders.css"),
        include_str!("../assets/css/80-preferences.css"),
    );
    Asset::new("tidings", "css", "text/css; charset=utf-8", body)
});

/// The one module.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../assets/app.js");
    Asset::new("app", "js", "text/javascript; charset=utf-8", body)
});

/// The icons, as symbols of one file.
pub(crate) static SPRITE: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../assets/icons.svg");
    Asset::new("icons", "svg", "image/svg+xml", body)
});

/// The picture in the browser's tab.
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let body = include_str!("../assets/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", body)
});

/// The route of all assets.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>) -> Response {
    let all: [&Asset; 4] = [&STYLE, &SCRIPT, &SPRITE, &ICON];
    let found = all
        .into_iter()
        .find(|asset| asset.url.strip_prefix("/assets/") == Some(name.as_str()));
    match found {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, FOR_EVER),
            ],
            asset.body,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_content() {
        let one = Asset::new("a", "css", "text/css", "x{}");
        let other = Asset::new("a", "css", "text/css", "y{}");
        assert_ne!(one.url(), other.url());
        assert!(one.url().starts_with("/assets/a.") && one.url().ends_with(".css"));
    }

    #[test]
    fn every_icon_the_templates_name_is_in_the_sprite() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut open = vec![folder];
        let mut seen = 0;
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for rest in text.split("icon(\"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(SPRITE.body.contains(&format!("id=\"{name}\"")), "{name}");
                seen += 1;
            }
        }
        assert!(seen > 20, "only {seen} icons were found in the templates");
        for name in [
            "key", "check", "cross", "checks", "clock", "star", "truck", "warn", "box",
        ] {
            assert!(SPRITE.body.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }
}
