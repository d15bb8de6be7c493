//! Text documents, for formats without them: they become text parts. OpenAI's guide recommends this for Chat
//! Completions, and Cohere supports documents only in tool results.

use super::parts::any_part;
use crate::model::{Document, Message, Part, PartKind, Request, Role, Source};
use alloc::format;

/// Formats without documents of text in the messages of users.
const WITHOUT: [&str; 4] = ["openai-chat", "openai-responses", "ollama", "cohere"];

/// The request with text in their place. `None` where there are none, or the format has them.
pub(crate) fn fit(request: &Request, format: &str) -> Option<Request> {
    if !WITHOUT.contains(&format) {
        return None;
    }
    let is_concerned = |message: &&Message| {
        (format != "cohere" || message.role != Role::Tool) && any_part(&message.content, &is_text_document)
    };
    request.messages.iter().find(is_concerned)?;
    let mut fitted = request.clone();
    for message in &mut fitted.messages {
        if format != "cohere" || message.role != Role::Tool {
            message.content.iter_mut().for_each(become_text);
        }
    }
    Some(fitted)
}

fn is_text_document(part: &Part) -> bool {
    matches!(&part.kind, PartKind::Document(Document { source: Source::Text { .. }, .. }))
}

fn become_text(part: &mut Part) {
    match &mut part.kind {
        PartKind::ToolResult(result) => result.content.iter_mut().for_each(become_text),
        PartKind::Document(Document { source: Source::Text { text, .. }, name }) => {
            // The model knows the document by its title.
            let said = name.as_ref().map_or_else(|| text.clone(), |name| format!("{name}:\n\n{text}"));
            part.kind = PartKind::Text(said);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_document_of_text_becomes_text_with_its_title() {
        let document = |name: Option<&str>| {
            let source = Source::Text { media_type: "text/plain".into(), text: "Said.".into() };
            Part::new(PartKind::Document(Document { source, name: name.map(Into::into) }))
        };
        let message = Message::new(Role::User, vec![document(None), document(Some("Title"))]);
        let request = Request { messages: vec![message], ..Request::default() };
        let fitted = fit(&request, "openai-chat").unwrap();
        assert_eq!(fitted.messages[0].content, [Part::text("Said."), Part::text("Title:\n\nSaid.")]);
        assert_eq!(fit(&request, "anthropic"), None);
        assert_eq!(fit(&fitted, "openai-chat"), None);
    }
}
