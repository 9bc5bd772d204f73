//! The sender registry in public: a signed document for programs, a page for people.
//!
//! What is in it and what it stands for is `pipeline`'s; here it gets its shape, its
//! signature and its headers. Nothing here needs a key or a sign-in.

mod document;
mod jws;
mod page;
mod served;

use std::sync::{Arc, Mutex, PoisonError};

use pipeline::guard::Guard;

pub use document::document;
pub use jws::{Signer, VerifyFault, verify};
pub(crate) use page::show;
pub(crate) use served::{
    __path_message_senders, __path_message_senders_jwks, __path_message_senders_jws,
    message_senders, message_senders_jwks, message_senders_jws,
};

use crate::App;

/// The signer, and what was signed last.
pub(crate) struct Publisher {
    pub(crate) signer: Signer,
    last: Mutex<Option<Published>>,
}

/// A document with its signature.
#[derive(Clone)]
struct Published {
    issued_at: model::Instant,
    guard: Arc<Guard>,
    document: Arc<str>,
    signature: Arc<str>,
    etag: Arc<str>,
}

impl Publisher {
    pub(crate) fn new(signer: Signer) -> Self {
        Self {
            signer,
            last: Mutex::default(),
        }
    }

    /// The document of this hour. It is made once, whoever asks how often.
    fn published(&self, app: &App) -> Published {
        let issued_at = document::issued_at(app.now());
        let guard = app.pipeline().guard();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |last: &&Published| last.issued_at == issued_at && Arc::ptr_eq(&last.guard, &guard);
        if let Some(last) = last.as_ref().filter(same) {
            return last.clone();
        }
        let document = document(app.pipeline(), &app.config().public_url, issued_at);
        let digest = ring::digest::digest(&ring::digest::SHA256, document.as_bytes());
        let etag = crate::base64url::encode(&digest.as_ref()[..12]);
        let made = Published {
            issued_at,
            guard,
            signature: self.signer.sign(document.as_bytes()).into(),
            document: document.into(),
            etag: etag.into(),
        };
        *last = Some(made.clone());
        made
    }
}
