//! Who gets in: the list of routes with what each asks for, and the one place that looks.

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use model::{Permission, Role, Roles};

use super::frame;
use crate::App;
use crate::message_center::filter::escape_into;
use crate::message_center::signed_in::PageError;
use crate::page::{ErrorKind, wants_html};
use crate::staff::{self, Actor, Found};

/// What a long form may send.
const LONG_FORM: usize = 320 * 1024;

/// Who may come to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever reaches the server: they are about to say who they are.
    Everybody,
    /// Everybody who works here.
    Staff,
    /// Those who may do this.
    With(Permission),
}

/// A route, by what it asks for.
pub(crate) type Named = (Method, &'static str, Access);

/// Routes that cannot be added without saying who may come.
pub(crate) struct Routes {
    app: App,
    router: Router<App>,
    named: Vec<Named>,
}

impl Routes {
    pub(super) fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            router: Router::new(),
            named: Vec::new(),
        }
    }

    pub(super) fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path, access, get(handler))
    }

    pub(super) fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path, access, post(handler))
    }

    /// A form that may be as long as all texts of a message type.
    pub(super) fn post_long<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = post(handler).layer(DefaultBodyLimit::max(LONG_FORM));
        self.add(Method::POST, path, access, handler)
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        routes: MethodRouter<App>,
    ) -> Self {
        let gate = from_fn_with_state((self.app.clone(), access), watch);
        self.router = self.router.route(path, routes.route_layer(gate));
        self.named.push((method, path, access));
        self
    }

    /// All of them.
    #[cfg(test)]
    pub(crate) fn named(&self) -> &[Named] {
        &self.named
    }

    pub(super) fn into_router(self) -> Router<App> {
        self.router
    }
}

/// Somebody who looks at the console: signed in, or at the demo.
#[derive(Clone, Debug)]
pub(crate) struct Visitor(Option<Found>);

impl Visitor {
    /// Their session and account; the demo has none.
    pub(crate) fn found(&self) -> Option<&Found> {
        self.0.as_ref()
    }

    /// Their roles; who looks at the demo has them all.
    pub(crate) fn roles(&self) -> Roles {
        match &self.0 {
            Some(found) => found.account.roles,
            None => Role::ALL.iter().copied().collect(),
        }
    }

    /// Whether they may do something.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.roles().may(permission)
    }

    /// As whom their changes are written down.
    pub(crate) fn actor(&self) -> Actor {
        match &self.0 {
            Some(found) => Actor::console(found.account.id),
            None => Actor::DEMO,
        }
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, PageError> {
        // The gate has put it there; without it nobody comes this far.
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or(PageError::Shown(ErrorKind::Broken))
    }
}

/// The gate: before each route of the console.
async fn watch(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let found = match staff::find(&app, request.headers()).await {
        Ok(found) => found,
        Err(problem) => {
            let kind = match PageError::from(problem) {
                PageError::Shown(kind) => kind,
                PageError::SignIn { .. } => ErrorKind::Broken,
            };
            return frame::error_page(&app, None, kind);
        }
    };
    let whole = found.filter(|found| !found.session.half);
    let visitor = match whole {
        Some(found) => Some(Visitor(Some(found))),
        None if app.config().demo => Some(Visitor(None)),
        None => None,
    };
    match (access, &visitor) {
        (Access::Everybody, _) | (Access::Staff, Some(_)) => {}
        (Access::Staff | Access::With(_), None) => return to_sign_in(&request),
        (Access::With(permission), Some(visitor)) => {
            if !visitor.may(permission) {
                return frame::refused(&app, visitor, permission);
            }
        }
    }
    if let Some(visitor) = &visitor {
        request.extensions_mut().insert(visitor.clone());
    }
    let html = wants_html(request.headers());
    let response = next.run(request).await;
    dress(&app, visitor.as_ref(), response, html)
}

/// Sends a browser to the sign-in page, and back after it.
fn to_sign_in(request: &Request) -> Response {
    let mut to = "/console/sign-in".to_owned();
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("", |path| path.as_str());
    if request.method() == Method::GET && wanted != "/console" && safe_next(wanted) == wanted {
        to.push_str("?next=");
        escape_into(wanted, &mut to);
    }
    Redirect::to(&to).into_response()
}

/// Where to go after signing in: a page of the console, never another site.
pub(super) fn safe_next(next: &str) -> &str {
    let ours = next
        .strip_prefix("/console")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let doors = ["/console/sign-", "/console/enrol"];
    let plain = next.len() <= 1_000
        && next
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\\\"<>".contains(&b));
    if ours && plain && !doors.iter().any(|door| next.starts_with(door)) {
        next
    } else {
        "/console"
    }
}

/// Puts the console's own look on an error.
fn dress(app: &App, visitor: Option<&Visitor>, response: Response, html: bool) -> Response {
    if let Some(kind) = response.extensions().get::<ErrorKind>() {
        return frame::error_page(app, visitor, *kind);
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let bare = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if bare && html && response.status().is_client_error() {
        let kind = match response.status() {
            StatusCode::NOT_FOUND => ErrorKind::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
            _ => ErrorKind::Unreadable,
        };
        return frame::error_page(app, visitor, kind);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::safe_next;

    #[test]
    fn the_way_on_after_signing_in_stays_in_the_console() {
        for fine in [
            "/console",
            "/console/failed?reason=bad_data",
            "/console/staff",
        ] {
            assert_eq!(safe_next(fine), fine);
        }
        for bad in [
            "",
            "//evil.example",
            "/consoleevil",
            "/console\\@evil",
            "/messages",
            "/console/sign-out",
            "/console/sign-in?next=/console",
            "/console/enrol?token=x",
        ] {
            assert_eq!(safe_next(bad), "/console", "{bad}");
        }
    }
}
