//! Errors of the control API as RFC 9457 problem documents.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::faults::FaultProblem;
use crate::smsc::InboundTextProblem;

/// One thing wrong with a request, with the field it is about.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    did_you_mean: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            field: String::new(),
            did_you_mean: None,
        }
    }

    /// 422: the request can be read but not meant.
    pub(super) fn unprocessable(field: &str, detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The request has a mistake",
            detail,
        );
        Self {
            field: field.to_owned(),
            ..problem
        }
    }

    pub(super) fn unknown_field(field: &str, near: Option<&str>) -> Self {
        let problem = Self::unprocessable(field, "there is no such field");
        Self {
            did_you_mean: near.map(str::to_owned),
            ..problem
        }
    }

    pub(super) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not here", detail)
    }

    pub(super) fn not_json() -> Self {
        let detail = "send it with the header Content-Type: application/json";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Only JSON is taken here",
            detail,
        )
    }
}

impl From<FaultProblem> for Problem {
    fn from(problem: FaultProblem) -> Self {
        let FaultProblem {
            field,
            detail,
            did_you_mean,
        } = problem;
        Self {
            did_you_mean,
            ..Self::unprocessable(&field, detail)
        }
    }
}

impl From<InboundTextProblem> for Problem {
    fn from(problem: InboundTextProblem) -> Self {
        Self::unprocessable(problem.field, problem.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(self)).into_response()
    }
}
