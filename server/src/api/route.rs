//! Routes that describe themselves. `route!` makes a route from its handler, and derives its description: path,
//! method and answer from the handler's `#[utoipa::path]`, everything else from its signature. Each extractor defines
//! here, once, what it needs of a request and the codes it refuses with. A handler with an extractor that defines
//! nothing does not compile, so no route is undescribed.
//!
//! Nothing here decides anything about a request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, Method};
use axum::routing::{MethodFilter, MethodRouter};
use daegeum_engine::rejection::{Kind as Rule, Rejection};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::schema::ProblemSchema;
use super::vocabulary;
use crate::app::App;
use crate::http::cross_origin::Pages;
use crate::http::error::PROBLEM_JSON;
use crate::http::{
    Admin, Backend, Buyer, Caller, CheckoutCaller, HttpErrorCode, Json, KeyHeader, Kind, Observer,
    Office, OptionalJson, Payer, Query, RawBody, RequestContext,
};

/// A handler with its path, its method and its description.
pub struct Route {
    described: OpenApi,
    pages: Pages,
    path: String,
    methods: Vec<Method>,
    handlers: MethodRouter<Arc<App>>,
}

/// The route of a handler that is named `module::function`, which is also its operation's id.
macro_rules! route {
    ($module:ident :: $handler:ident) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($module::$handler))]
        struct Described;
        $crate::api::route::Route::of(
            <Described as utoipa::OpenApi>::openapi(),
            concat!(stringify!($module), "_", stringify!($handler)),
            &$module::$handler,
        )
    }};
}
pub(crate) use route;

impl Route {
    /// The function behind `route!`.
    pub fn of<H, T, Inputs>(described: OpenApi, id: &str, handler: &H) -> Self
    where
        H: Handler<T, Arc<App>> + Signature<Inputs> + Clone,
        T: 'static,
    {
        let mut route = Self {
            described,
            pages: Pages::None,
            path: String::new(),
            methods: Vec::new(),
            handlers: MethodRouter::new(),
        };
        let mut schemas = Vec::new();
        for (path, item) in &mut route.described.paths.paths {
            for (operation, method, filter) in operations_at(item) {
                let mut draft = Draft::of(path);
                H::describe(&mut draft);
                route.pages = pages_of(&draft.callers);
                route.path.clone_from(path);
                route.methods.push(method);
                route.handlers = route.handlers.on(filter, handler.clone());
                schemas.append(&mut draft.schemas);
                draft.complete(operation, id);
            }
        }
        let components = route.described.components.get_or_insert_default();
        components.schemas.extend(schemas);
        route
    }

    /// The same route, open to pages of every origin.
    #[must_use]
    pub fn for_everybody(self) -> Self {
        Self {
            pages: Pages::OfAnyOrigin,
            ..self
        }
    }

    /// The same route, whose handler itself refuses with these codes too.
    #[must_use]
    pub fn refusing(mut self, codes: &[HttpErrorCode]) -> Self {
        let mut refusals = Refusals::default();
        for code in codes {
            refusals.add(*code);
        }
        self.add(&refusals);
        self
    }

    /// The same route, whose handler applies rules of this kind too.
    #[must_use]
    pub fn asking(mut self, rules: &[Rule]) -> Self {
        let mut refusals = Refusals::default();
        for rule in rules {
            refusals.add_rule(*rule);
        }
        self.add(&refusals);
        self
    }

    /// The same route, whose handler refuses a parameter that its query type has.
    #[must_use]
    pub fn without(mut self, parameter: &str) -> Self {
        for item in self.described.paths.paths.values_mut() {
            for (operation, ..) in operations_at(item) {
                let parameters = operation.parameters.get_or_insert_default();
                parameters.retain(|one| one.name != parameter);
            }
        }
        self
    }

    fn add(&mut self, refusals: &Refusals) {
        for item in self.described.paths.paths.values_mut() {
            for (operation, ..) in operations_at(item) {
                refusals.write(operation);
            }
        }
    }
}

/// The operations of a path, in the methods that this API has.
fn operations_at(
    item: &mut PathItem,
) -> impl Iterator<Item = (&mut Operation, Method, MethodFilter)> {
    let get = (item.get.as_mut(), Method::GET, MethodFilter::GET);
    let post = (item.post.as_mut(), Method::POST, MethodFilter::POST);
    let all = [get, post].into_iter();
    all.filter_map(|(operation, method, filter)| Some((operation?, method, filter)))
}

/// Routes, and the description of all of them.
#[derive(Default)]
pub struct Routes {
    /// The routes.
    pub router: Router<Arc<App>>,
    /// Their description.
    pub described: OpenApi,
    /// The operations that pages of other origins may call.
    pub open_to: Vec<(String, Method, Pages)>,
}

impl Routes {
    /// Combines these routes.
    pub fn these(routes: impl IntoIterator<Item = Route>) -> Self {
        let mut all = Self::default();
        for route in routes {
            let open = route.methods.into_iter();
            let open = open.map(|method| (route.path.clone(), method, route.pages));
            all.open_to.extend(open);
            all.router = all.router.route(&route.path, route.handlers);
            all.described.merge(route.described);
        }
        all
    }
}

/// These kinds of callers are browsers on the shop's pages.
fn pages_of(callers: &[Kind]) -> Pages {
    let browser = |kind: &Kind| matches!(kind, Kind::Buyer | Kind::Session);
    if callers.iter().any(browser) {
        Pages::OfTheShop
    } else {
        Pages::None
    }
}

/// The reasons why an operation can be refused: by status, the codes or their common cause.
#[derive(Default)]
struct Refusals(BTreeMap<u16, BTreeSet<String>>);

impl Refusals {
    fn add(&mut self, code: HttpErrorCode) {
        let codes = self.0.entry(code.status().as_u16()).or_default();
        codes.insert(format!("`{}`", code.code()));
    }

    fn add_rejection(&mut self, rejection: &Rejection) {
        let codes = self.0.entry(rejection.kind().status()).or_default();
        codes.insert(format!("`{}`", rejection.code()));
    }

    fn add_rule(&mut self, rule: Rule) {
        let about = match rule {
            Rule::Missing => "what the body names is not there",
            Rule::Conflict => "what it is about is not in a state for this",
            Rule::Rule => "a rule forbids it, whatever the state",
        };
        self.0
            .entry(rule.status())
            .or_default()
            .insert(about.into());
    }

    /// Adds them to the operation's own descriptions of these statuses.
    fn write(&self, operation: &mut Operation) {
        for (status, reasons) in &self.0 {
            let known = operation.responses.responses.get(&status.to_string());
            let known = known.and_then(|response| match response {
                RefOr::T(response) => Some(response.description.clone()),
                RefOr::Ref(_) => None,
            });
            let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
            let text = match known {
                Some(known) => format!("{known}, {}", reasons.join(", ")),
                None => format!("Refused: {}", reasons.join(", ")),
            };
            let response = RefOr::T(refusal(*status, text));
            let responses = &mut operation.responses.responses;
            responses.insert(status.to_string(), response);
        }
    }
}

fn refusal(status: u16, text: String) -> Response {
    let schema = Ref::from_schema_name(ProblemSchema::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(text)
        .content(PROBLEM_JSON, content);
    let response = response.header(REQUEST_ID.0, header(REQUEST_ID.1, vocabulary::request_id()));
    let response = match status {
        401 => response.header("www-authenticate", header(CHALLENGE, text_schema())),
        409 | 429 | 503 => response.header("retry-after", header(RETRY_AFTER, seconds())),
        _ => response,
    };
    response.build()
}

/// The description of a status if the handler gives none.
fn about(status: &str) -> &'static str {
    match status {
        "201" => {
            "Created by this request, or by an earlier one with the same idempotency key. The body is its present state."
        }
        "202" => {
            "The gateway has not answered yet; the server goes on by itself. The body is the present state."
        }
        _ => "The body is the present state.",
    }
}

const REQUEST_ID: (&str, &str) = (
    "x-request-id",
    "The request's id in the server's log: the caller's own, or a new one.",
);
const RETRY_AFTER: &str = "The seconds to wait before trying again, if they are known.";
const CHALLENGE: &str = "How to authenticate (RFC 6750). Absent for a notification.";
const REPLAYED: &str =
    "`true` if this is the stored answer to an earlier request with the same idempotency key.";

fn header(about: &str, schema: Schema) -> utoipa::openapi::header::Header {
    HeaderBuilder::new()
        .schema(schema)
        .description(Some(about))
        .build()
}

fn text_schema() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn seconds() -> Schema {
    let schema = ObjectBuilder::new().schema_type(Type::Integer);
    schema.minimum(Some(1)).into()
}

/// An operation's derived description, beside the handler's own.
pub struct Draft {
    callers: Vec<Kind>,
    parameters: Vec<Parameter>,
    body: Option<(RefOr<Schema>, Required)>,
    schemas: Vec<(String, RefOr<Schema>)>,
    refusals: Refusals,
    keyed: bool,
}

impl Draft {
    fn of(path: &str) -> Self {
        let mut draft = Self {
            callers: Vec::new(),
            parameters: Vec::new(),
            body: None,
            schemas: vec![(ProblemSchema::name().into(), ProblemSchema::schema())],
            refusals: Refusals::default(),
            keyed: false,
        };
        ProblemSchema::schemas(&mut draft.schemas);
        // The front's refusals come before and around every handler.
        draft.refuses(&[
            HttpErrorCode::RateLimited,
            HttpErrorCode::HeadTooLarge,
            HttpErrorCode::Internal,
            HttpErrorCode::Overloaded,
            HttpErrorCode::StorageFull,
            HttpErrorCode::IndexRebuilding,
            HttpErrorCode::Stopping,
            HttpErrorCode::RequestTimeout,
            HttpErrorCode::TooManyConnections,
        ]);
        let named = path.split('{').skip(1);
        for name in named.filter_map(|rest| rest.split_once('}')) {
            draft.path_parameter(name.0);
        }
        draft
    }

    fn refuses(&mut self, codes: &[HttpErrorCode]) {
        for code in codes {
            self.refusals.add(*code);
        }
    }

    /// The form of a path parameter, and the refusal if nothing has that id.
    fn path_parameter(&mut self, name: &str) {
        let schema = match name {
            "order_id" => {
                self.refusals.add_rejection(&Rejection::OrderNotFound);
                vocabulary::OrderId::schema()
            }
            "payment_id" => {
                self.refusals.add_rejection(&Rejection::PaymentNotFound);
                vocabulary::PaymentId::schema()
            }
            "session_id" => {
                self.refusals.add_rejection(&Rejection::PaymentNotFound);
                vocabulary::SessionId::schema()
            }
            "provider" => {
                self.refuses(&[HttpErrorCode::NotFound]);
                vocabulary::Notifier::schema()
            }
            // An unknown buyer can be erased too.
            _ => text_schema().into(),
        };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema));
        self.parameters.push(parameter.build());
        self.refuses(&[HttpErrorCode::MalformedPath]);
    }

    fn called_by(&mut self, callers: &[Kind]) {
        self.callers = callers.to_vec();
        self.refuses(&[
            HttpErrorCode::Unauthenticated,
            HttpErrorCode::InvalidCredentials,
            HttpErrorCode::TokenExpired,
            HttpErrorCode::Forbidden,
            HttpErrorCode::BuyerKeysUnavailable,
        ]);
    }

    fn takes<T: ToSchema>(&mut self, required: Required) {
        let named = Ref::from_schema_name(T::name());
        self.schemas.push((T::name().into(), T::schema()));
        T::schemas(&mut self.schemas);
        let schema = match required {
            Required::True => named.into(),
            Required::False => {
                let null = ObjectBuilder::new().schema_type(Type::Null);
                let either = OneOfBuilder::new().item(null).item(named);
                Schema::from(either).into()
            }
        };
        self.body = Some((schema, required));
        self.refuses(&[
            HttpErrorCode::MalformedJson,
            HttpErrorCode::DuplicateField,
            HttpErrorCode::NestedTooDeep,
            HttpErrorCode::UnknownField,
            HttpErrorCode::MissingField,
            HttpErrorCode::WrongType,
            HttpErrorCode::InvalidValue,
            HttpErrorCode::UnknownParameter,
            HttpErrorCode::UnsupportedMediaType,
        ]);
        self.reads_body();
    }

    fn reads_body(&mut self) {
        self.refuses(&[
            HttpErrorCode::IncompleteBody,
            HttpErrorCode::BodyTimeout,
            HttpErrorCode::BodyTooLarge,
            HttpErrorCode::UnsupportedContentEncoding,
        ]);
    }

    /// Writes the description into the operation, whose own texts are kept.
    fn complete(self, operation: &mut Operation, id: &str) {
        operation.operation_id = Some(id.into());
        let requirement =
            |kind: &Kind| SecurityRequirement::new::<_, [&str; 0], &str>(kind.name(), []);
        operation.security = Some(self.callers.iter().map(requirement).collect());
        let parameters = operation.parameters.get_or_insert_default();
        parameters.splice(0..0, self.parameters);
        if let Some((schema, required)) = self.body {
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let body = RequestBodyBuilder::new().content("application/json", content);
            operation.request_body = Some(body.required(Some(required)).build());
        }
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response {
                if response.description.is_empty() {
                    response.description = about(status).into();
                }
                let headers = &mut response.headers;
                headers.insert(
                    REQUEST_ID.0.into(),
                    header(REQUEST_ID.1, vocabulary::request_id()),
                );
                if self.keyed {
                    let replayed = header(REPLAYED, vocabulary::only_true());
                    headers.insert("idempotent-replayed".into(), replayed);
                }
            }
        }
        self.refusals.write(operation);
    }
}

/// A handler, by the types of its arguments.
pub trait Signature<Inputs> {
    /// Lets each argument describe itself.
    fn describe(draft: &mut Draft);
}

macro_rules! signatures {
    ($($Input:ident)*) => {
        impl<F, Answer, $($Input: Input),*> Signature<($($Input,)*)> for F
        where
            F: Fn($($Input),*) -> Answer,
        {
            #[allow(unused_variables, reason = "a handler may take nothing")]
            fn describe(draft: &mut Draft) {
                $( $Input::describe(draft); )*
            }
        }
    };
}

signatures!();
signatures!(A);
signatures!(A B);
signatures!(A B C);
signatures!(A B C D);
signatures!(A B C D E);
signatures!(A B C D E G);
signatures!(A B C D E G H);

/// A handler's argument.
pub trait Input {
    /// Describes what the request has to contain for it, and its refusals.
    fn describe(draft: &mut Draft);
}

/// Arguments that need nothing of the request: the application, its circumstances, optional headers, and path
/// parameters, which the path itself describes.
macro_rules! silent {
    ($($Input:ty),+) => { $( impl Input for $Input { fn describe(_: &mut Draft) {} } )+ };
}

silent!(State<Arc<App>>, RequestContext, HeaderMap, Path<String>);

macro_rules! callers {
    ($($Caller:ident)+) => { $(
        impl Input for $Caller {
            fn describe(draft: &mut Draft) {
                draft.called_by(Self::KINDS);
            }
        }
    )+ };
}

callers!(Admin Buyer Caller Observer Office Payer CheckoutCaller Backend);

impl<T: ToSchema> Input for Json<T> {
    fn describe(draft: &mut Draft) {
        draft.takes::<T>(Required::True);
        draft.refuses(&[HttpErrorCode::EmptyBody]);
    }
}

impl<T: ToSchema> Input for OptionalJson<T> {
    fn describe(draft: &mut Draft) {
        draft.takes::<T>(Required::False);
    }
}

impl Input for RawBody {
    fn describe(draft: &mut Draft) {
        draft.reads_body();
    }
}

impl<T: IntoParams> Input for Query<T> {
    fn describe(draft: &mut Draft) {
        let parameters = T::into_params(|| Some(ParameterIn::Query));
        if !parameters.is_empty() {
            draft.refuses(&[
                HttpErrorCode::DuplicateParameter,
                HttpErrorCode::InvalidParameter,
            ]);
        }
        draft.parameters.extend(parameters);
        draft.refuses(&[
            HttpErrorCode::MalformedQuery,
            HttpErrorCode::UnknownParameter,
        ]);
    }
}

/// A command: it may be repeated under a key, and the rules may reject it.
impl Input for KeyHeader {
    fn describe(draft: &mut Draft) {
        draft.keyed = true;
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The idempotency key; it may be sent in the body instead.",
            ))
            .schema(Some(vocabulary::IdempotencyKey::schema()));
        draft.parameters.push(parameter.build());
        draft.refuses(&[
            HttpErrorCode::InvalidIdempotencyKey,
            HttpErrorCode::ConflictingIdempotencyKeys,
        ]);
        draft.refusals.add_rule(Rule::Conflict);
        draft.refusals.add_rule(Rule::Rule);
    }
}
