//! Hosted tools in provider-neutral form: `{"type": "ferrule:web_search"}` and the like become the provider's own
//! declaration, or are refused by name if it has none (`docs/wire/late-2026.md`, section 9).

use crate::encode::{Refusals, UnsupportedField};
use crate::json::{Extra, Fields, Json, ObjectWriter, Value};
use crate::model::{Request, Tool, ToolKind};
use crate::quirks::{Feature, HostedTools, Quirks};
use alloc::{format, string::String, vec::Vec};

/// What the types of our declarations begin with.
pub(crate) const OURS: &str = "ferrule:";

/// What a declaration becomes.
#[derive(Default)]
struct Declared {
    /// The tool; none where the provider does it without one.
    tool: Option<Json>,
    /// Fields of the request.
    fields: Vec<(&'static str, Json)>,
    beta: Option<&'static str>,
}

impl Declared {
    fn tool(write: impl FnOnce(&mut ObjectWriter<'_>)) -> Self {
        Self { tool: Some(Json::object(&Extra::new(), write)), ..Self::default() }
    }
}

/// Which tool it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hosted {
    WebSearch,
    WebFetch,
    CodeExecution,
}

impl Hosted {
    fn declared(tool: &Tool) -> Option<(Self, Options)> {
        let ToolKind::Hosted(whole) = &tool.kind else { return None };
        let mut fields = whole.value().object()?;
        let hosted = match fields.take_string("type")?.strip_prefix(OURS)? {
            "web_search" => Self::WebSearch,
            "web_fetch" => Self::WebFetch,
            "code_execution" => Self::CodeExecution,
            _ => return None,
        };
        Some((hosted, Options::take(&mut fields)))
    }

    const fn feature(self) -> Feature {
        match self {
            Self::WebSearch => Feature::WebSearch,
            Self::WebFetch => Feature::WebFetch,
            Self::CodeExecution => Feature::CodeExecution,
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::WebSearch => "has no web search; declare a function that searches",
            Self::WebFetch => "fetches no pages itself; declare a function that does",
            Self::CodeExecution => "runs no code itself; declare a function that does",
        }
    }
}

/// What may be said of a hosted tool.
#[derive(Default)]
struct Options {
    max_uses: Option<u64>,
    allowed_domains: Option<Json>,
    blocked_domains: Option<Json>,
    user_location: Option<Json>,
    context_size: Option<String>,
}

impl Options {
    fn take(fields: &mut Fields<'_>) -> Self {
        Self {
            max_uses: fields.take_u64("max_uses"),
            allowed_domains: fields.take_json("allowed_domains"),
            blocked_domains: fields.take_json("blocked_domains"),
            user_location: fields.take_json("user_location"),
            context_size: fields.take_string("context_size"),
        }
    }

    /// Refuses fields other than `known`.
    fn only(
        &self,
        known: &[&str],
        path: &str,
        quirks: &Quirks,
        refusals: &mut Refusals,
    ) -> Result<(), UnsupportedField> {
        let said = [
            ("max_uses", self.max_uses.is_some()),
            ("allowed_domains", self.allowed_domains.is_some()),
            ("blocked_domains", self.blocked_domains.is_some()),
            ("user_location", self.user_location.is_some()),
            ("context_size", self.context_size.is_some()),
        ];
        for (name, is_said) in said {
            if is_said && !known.contains(&name) {
                refusals.add(format!("{path}.{name}"), &quirks.reason("does not have it of this tool"))?;
            }
        }
        Ok(())
    }

    /// Where the user is, with its `type`.
    fn location(&self) -> Option<Json> {
        let place = self.user_location.as_ref()?.value().object()?;
        Some(Json::object(&place.rest(), |location| _ = location.field("type", "approximate")))
    }
}

/// Makes the declarations in our words those of the provider. `None` where there are none.
pub(crate) fn fit(
    request: &Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<Option<Request>, UnsupportedField> {
    if !request.tools.iter().any(|tool| Hosted::declared(tool).is_some()) {
        return Ok(None);
    }
    let mut fitted = Request { tools: Vec::with_capacity(request.tools.len()), ..request.clone() };
    for (position, tool) in request.tools.iter().enumerate() {
        let Some((hosted, options)) = Hosted::declared(tool) else {
            fitted.tools.push(tool.clone());
            continue;
        };
        let path = format!("tools[{position}]");
        let declared = if quirks.supports(hosted.feature()) {
            declared(hosted, &options, &request.model, &path, quirks, refusals)?
        } else {
            None
        };
        let Some(Declared { tool: whole, fields, beta }) = declared else {
            refusals.add(path, &quirks.reason(hosted.what()))?;
            continue;
        };
        if let Some(whole) = whole {
            let own = |mut own: Fields<'_>| {
                own.take_string("name").or_else(|| own.take_object("systemTool")?.take_string("name"))
            };
            let name = whole.value().object().and_then(own).unwrap_or_default();
            fitted.tools.push(Tool { name, kind: ToolKind::Hosted(whole), ..tool.clone() });
        }
        for (name, value) in fields {
            if fitted.extra.get(name).is_none() {
                fitted.extra.insert(name, value);
            }
        }
        if let Some(beta) = beta.filter(|beta| !request.betas.iter().any(|known| known == beta)) {
            fitted.betas.push(beta.into());
        }
    }
    Ok(Some(fitted))
}

fn declared(
    hosted: Hosted,
    options: &Options,
    model: &str,
    path: &str,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<Option<Declared>, UnsupportedField> {
    let dialect = refusals.dialect();
    let known: &[&str] = match (dialect, hosted) {
        ("anthropic", Hosted::WebSearch) => {
            &["max_uses", "allowed_domains", "blocked_domains", "user_location"]
        }
        ("anthropic", Hosted::WebFetch) => &["max_uses", "allowed_domains", "blocked_domains"],
        ("openai-responses", Hosted::WebSearch) => &["allowed_domains", "user_location", "context_size"],
        ("vertex", Hosted::WebSearch) => &["blocked_domains"],
        ("openai-chat", Hosted::WebSearch) => match quirks.hosted_tools {
            HostedTools::OpenAi => &["user_location", "context_size"],
            HostedTools::OpenRouter => &["allowed_domains", "blocked_domains", "context_size"],
            HostedTools::Perplexity => {
                &["allowed_domains", "blocked_domains", "user_location", "context_size"]
            }
            HostedTools::Groq | HostedTools::None => &[],
        },
        _ => &[],
    };
    let declared = match (dialect, hosted) {
        ("anthropic", _) => anthropic(hosted, options),
        ("openai-responses", Hosted::WebSearch) => Declared::tool(|tool| {
            tool.field("type", "web_search");
            if let Some(domains) = &options.allowed_domains {
                tool.object("filters", |filters| _ = filters.field("allowed_domains", domains));
            }
            tool.optional("search_context_size", options.context_size.as_ref());
            tool.optional("user_location", options.location());
        }),
        ("openai-responses", Hosted::CodeExecution) => Declared::tool(|tool| {
            tool.field("type", "code_interpreter");
            tool.object("container", |container| _ = container.field("type", "auto"));
        }),
        ("gemini" | "vertex", _) => Declared::tool(|tool| {
            let name = match hosted {
                Hosted::WebSearch => "googleSearch",
                Hosted::WebFetch => "urlContext",
                Hosted::CodeExecution => "codeExecution",
            };
            tool.object(name, |inner| {
                let blocked = options.blocked_domains.as_ref().filter(|_| dialect == "vertex");
                inner.optional("excludeDomains", blocked);
            });
        }),
        ("bedrock", _) => match bedrock(hosted, model) {
            Some(name) => Declared::tool(|tool| {
                tool.object("systemTool", |system| _ = system.field("name", name));
            }),
            None => return Ok(None),
        },
        ("openai-chat", _) => match openai_chat(hosted, options, model, quirks.hosted_tools) {
            Some(declared) => declared,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    options.only(known, path, quirks, refusals)?;
    Ok(Some(declared))
}

/// The versions that every model which has the tool knows; the later two came with betas.
fn anthropic(hosted: Hosted, options: &Options) -> Declared {
    let (dated, name, beta) = match hosted {
        Hosted::WebSearch => ("web_search_20250305", "web_search", None),
        Hosted::WebFetch => ("web_fetch_20250910", "web_fetch", Some("web-fetch-2025-09-10")),
        Hosted::CodeExecution => {
            ("code_execution_20250825", "code_execution", Some("code-execution-2025-08-25"))
        }
    };
    let declared = Declared::tool(|tool| {
        tool.field("type", dated).field("name", name).optional("max_uses", options.max_uses);
        tool.optional("allowed_domains", options.allowed_domains.as_ref());
        tool.optional("blocked_domains", options.blocked_domains.as_ref());
        tool.optional("user_location", options.location());
        if hosted == Hosted::WebFetch {
            tool.object("citations", |citations| _ = citations.field("enabled", true));
        }
    });
    Declared { beta, ..declared }
}

/// The system tool of Converse. Amazon's own models have them; an ARN does not say whose it is.
fn bedrock(hosted: Hosted, model: &str) -> Option<&'static str> {
    if !model.contains("nova") && !model.starts_with("arn:") {
        return None;
    }
    match hosted {
        Hosted::WebSearch => Some("nova_grounding"),
        Hosted::CodeExecution => Some("nova_code_interpreter"),
        Hosted::WebFetch => None,
    }
}

fn openai_chat(hosted: Hosted, options: &Options, model: &str, form: HostedTools) -> Option<Declared> {
    let of_type = |word: &str| Declared::tool(|tool| _ = tool.field("type", word));
    match (form, hosted) {
        // Only these models search in Chat Completions.
        (HostedTools::OpenAi, Hosted::WebSearch) if model.contains("-search") => Some(Declared {
            fields: alloc::vec![("web_search_options", search_options(options, true))],
            ..Declared::default()
        }),
        (HostedTools::OpenRouter, Hosted::WebSearch) => Some(Declared::tool(|tool| {
            tool.field("type", "openrouter:web_search");
            let parameters = Json::object(&Extra::new(), |parameters| {
                parameters.optional("allowed_domains", options.allowed_domains.as_ref());
                parameters.optional("excluded_domains", options.blocked_domains.as_ref());
                parameters.optional("search_context_size", options.context_size.as_ref());
            });
            tool.optional("parameters", Some(parameters).filter(|parameters| parameters.text() != "{}"));
        })),
        (HostedTools::OpenRouter, Hosted::WebFetch) => Some(of_type("openrouter:web_fetch")),
        // These models search and calculate by themselves.
        (HostedTools::Groq, Hosted::WebSearch | Hosted::CodeExecution) if model.contains("compound") => {
            Some(Declared::default())
        }
        (HostedTools::Groq, Hosted::WebSearch) => Some(of_type("browser_search")),
        (HostedTools::Groq, Hosted::CodeExecution) => Some(of_type("code_interpreter")),
        (HostedTools::Perplexity, Hosted::WebSearch) => {
            let mut fields = Vec::new();
            let said = search_options(options, false);
            if said.text() != "{}" {
                fields.push(("web_search_options", said));
            }
            let domains = domains(options);
            if !domains.is_empty() {
                fields.push(("search_domain_filter", Json::written(domains)));
            }
            Some(Declared { fields, ..Declared::default() })
        }
        _ => None,
    }
}

/// OpenAI wraps the place that Perplexity has as it is.
fn search_options(options: &Options, is_wrapped: bool) -> Json {
    Json::object(&Extra::new(), |object| {
        object.optional("search_context_size", options.context_size.as_ref());
        let place = options.user_location.as_ref();
        if let (Some(place), true) = (place, is_wrapped) {
            object.object("user_location", |location| {
                location.field("type", "approximate").field("approximate", place);
            });
        } else {
            object.optional("user_location", place);
        }
    })
}

/// Perplexity's one list, where a `-` excludes.
fn domains(options: &Options) -> Vec<String> {
    let list = |domains: &Option<Json>| -> Vec<String> {
        let values = domains.as_ref().and_then(|domains| domains.value().array()).unwrap_or_default();
        values.into_iter().filter_map(Value::string).collect()
    };
    let mut all = list(&options.allowed_domains);
    all.extend(list(&options.blocked_domains).into_iter().map(|domain| format!("-{domain}")));
    all
}
