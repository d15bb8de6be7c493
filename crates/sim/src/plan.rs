//! Plan of a response: the reply and the fault for a request, chosen by the script or by the model's name.

use crate::{
    behaviour::Behaviour,
    context::RequestContext,
    prompt::last_user_text,
    script::{Fault, Place, Reply, RequestFacts},
};
use ferrule_wire::{model::Request, server::EmulatedProvider};

/// The reply, and the fault.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) reply: Reply,
    pub(crate) fault: Option<Fault>,
}

impl Plan {
    /// The plan of the first rule that matches the request, or else of its model's name. Both are recorded.
    pub(crate) fn for_request(context: &RequestContext<'_>, request: &Request) -> Self {
        context.describe(request);
        let plan = Self::choose(context, request);
        if let Some(fault) = &plan.fault {
            context.connection.exchange.set_fault(fault.name());
        }
        plan
    }

    fn choose(context: &RequestContext<'_>, request: &Request) -> Self {
        let script = context.state().script();
        let behaviour = Behaviour::for_model(&request.model);
        let text = if script.reads_text() { last_user_text(request) } else { String::new() };
        let path = context.head.uri.path();
        let facts = RequestFacts {
            provider: provider_id(path, context.provider),
            model: &request.model,
            dialect: context.provider.name(),
            path,
            stream: request.stream,
            headers: &context.head.headers,
            text: &text,
        };
        if let Some((reply, fault)) = script.find(&facts) {
            let reply = reply.cloned().unwrap_or_default().or(&behaviour.reply).or(script.defaults());
            return Self { reply, fault: fault.cloned() };
        }
        let number = context.number(&request.model);
        let fails = behaviour.first_times.is_none_or(|times| context.state().fails_again(number, times));
        Self { reply: behaviour.reply.or(script.defaults()), fault: behaviour.fault.filter(|_| fails) }
    }

    /// The fault, if it strikes after the start of the response.
    pub(crate) fn later_fault(&self) -> Option<Fault> {
        let fault = self.fault.as_ref()?;
        (!matches!(fault, Fault::Stall { at: Place::BeforeHeaders, .. })).then(|| fault.clone())
    }
}

/// The id of the provider: the prefix of the path, or else the wire format's own provider.
fn provider_id(path: &str, provider: EmulatedProvider) -> &str {
    let first = path.strip_prefix('/').and_then(|rest| Some(rest.split_once('/')?.0));
    match first.filter(|name| EmulatedProvider::find(name).is_some()) {
        Some(name) => name,
        None if provider.format().starts_with("openai-") => "openai",
        None => provider.name(),
    }
}
