//! Media limits: images, documents and audio of a type, size or number that the provider does not accept. Applied
//! before a dialect writes its messages, so that the error names the part and what to do, without an upload of
//! megabytes. Files given by URL, or uploaded earlier, are checked by the provider.

use super::media_type;
use crate::encode::{Place, Refusals, UnsupportedField};
use crate::model::{Audio, Document, Image, Part, PartKind, Request, Source};
use crate::quirks::{MediaLimits, Quirks, Text};
use alloc::{format, string::String, vec::Vec};

/// Refuses media beyond the provider's limits. Where they are to be dropped, the request without them.
pub(crate) fn fit(
    request: &Request,
    quirks: &Quirks,
    refusals: &mut Refusals,
) -> Result<Option<Request>, UnsupportedField> {
    if quirks.media == MediaLimits::NONE {
        return Ok(None);
    }
    let mut counted = Counted::default();
    let mut is_beyond = false;
    for (position, message) in request.messages.iter().enumerate() {
        counted.begin_message();
        is_beyond |= check(Place::message(position), &message.content, quirks, &mut counted, refusals)?;
    }
    if !is_beyond {
        return Ok(None);
    }
    let mut rest = request.clone();
    let mut counted = Counted::default();
    for message in &mut rest.messages {
        counted.begin_message();
        keep(&mut message.content, &quirks.media, &mut counted);
    }
    Ok(Some(rest))
}

fn check(
    place: Place,
    content: &[Part],
    quirks: &Quirks,
    counted: &mut Counted,
    refusals: &mut Refusals,
) -> Result<bool, UnsupportedField> {
    let mut is_beyond = false;
    for (position, part) in content.iter().enumerate() {
        if let PartKind::ToolResult(result) = &part.kind {
            is_beyond |= check(place.content(position), &result.content, quirks, counted, refusals)?;
        } else if let Some(reason) = counted.add(&part.kind, &quirks.media) {
            refusals.add(place.content(position), &quirks.reason(&reason))?;
            is_beyond = true;
        }
    }
    Ok(is_beyond)
}

/// Takes out what [`check`] refused: it counts alike.
fn keep(content: &mut Vec<Part>, limits: &MediaLimits, counted: &mut Counted) {
    content.retain_mut(|part| match &mut part.kind {
        PartKind::ToolResult(result) => {
            keep(&mut result.content, limits, counted);
            true
        }
        kind => counted.add(kind, limits).is_none(),
    });
}

/// What a request has had so far.
#[derive(Default)]
struct Counted {
    images: u64,
    images_of_message: u64,
    documents_of_message: u64,
    bytes: u64,
}

impl Counted {
    fn begin_message(&mut self) {
        self.images_of_message = 0;
        self.documents_of_message = 0;
    }

    /// Counts a part; why it is beyond the limits, where it is, and then it does not count.
    fn add(&mut self, kind: &PartKind, limits: &MediaLimits) -> Option<String> {
        let (what, source, types, most) = match kind {
            PartKind::Image(Image { source, .. }) => {
                ("images", source, &limits.image_types, limits.image_bytes)
            }
            PartKind::Document(Document { source, .. }) => {
                ("documents", source, &limits.document_types, limits.document_bytes)
            }
            PartKind::Audio(Audio { source }) => ("audio", source, &limits.audio_types, None),
            _ => return None,
        };
        let mut bytes = 0;
        if let Source::Base64 { media_type, data } = source {
            if let Some(reason) = of_type(what, media_type, types) {
                return Some(reason);
            }
            bytes = decoded_length(data);
            if let Some(most) = most.filter(|most| bytes > *most) {
                let (size, most) = (megabytes(bytes), megabytes(most));
                return Some(format!("takes {what} of up to {most}, this has {size}; make it smaller"));
            }
        }
        if let Some(most) = limits.request_bytes.filter(|most| self.bytes + bytes > *most) {
            let most = megabytes(most);
            return Some(format!("takes files of up to {most} in a request; give an address, or send fewer"));
        }
        let counts: [(bool, &mut u64, Option<u64>, &str); 3] = [
            (what == "images", &mut self.images, limits.images, "images in a request"),
            (what == "images", &mut self.images_of_message, limits.images_per_message, "images in a message"),
            (
                what == "documents",
                &mut self.documents_of_message,
                limits.documents_per_message,
                "documents in a message",
            ),
        ];
        for (_, count, most, of) in counts.into_iter().filter(|(is_counted, ..)| *is_counted) {
            if let Some(most) = most.filter(|most| *count >= *most) {
                return Some(format!("takes up to {most} {of}; send fewer"));
            }
            *count += 1;
        }
        self.bytes += bytes;
        None
    }
}

fn of_type(what: &str, given: &str, types: &[Text]) -> Option<String> {
    let usual = media_type::usual(given);
    if types.is_empty() || types.contains(&usual) {
        return None;
    }
    let known: Vec<&str> = types.iter().map(|known| &**known).collect();
    Some(format!("takes {what} of the types {}, this is {given}; convert it", known.join(", ")))
}

/// How many bytes base64 text stands for.
fn decoded_length(data: &str) -> u64 {
    let padding = data.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
    u64::try_from((data.len() / 4 * 3).saturating_sub(padding)).unwrap_or(u64::MAX)
}

fn megabytes(bytes: u64) -> String {
    // Tenths, rounded up, so that what is too large never looks as if it fitted.
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::EncodeOptions;
    use crate::model::{Message, Role, ToolResult};
    use alloc::{borrow::Cow, vec};

    fn image(media_type: &str, length: usize) -> Part {
        let source = Source::Base64 { media_type: media_type.into(), data: "A".repeat(length) };
        Part::new(PartKind::Image(Image { source, detail: None }))
    }

    fn fitted(
        media: MediaLimits,
        content: Vec<Part>,
        drop_unsupported: bool,
    ) -> Result<(Option<Request>, usize), String> {
        let quirks = Quirks { media, provider: Cow::Borrowed("some"), ..Quirks::NONE };
        let options = EncodeOptions { drop_unsupported, quirks: &quirks };
        let mut refusals = Refusals::new("x", options);
        let request = Request { messages: vec![Message::new(Role::User, content)], ..Request::default() };
        let rest = fit(&request, &quirks, &mut refusals).map_err(|error| format!("{error}"))?;
        Ok((rest, refusals.dropped.len()))
    }

    #[test]
    fn each_limit_refuses_what_is_beyond_it_and_nothing_else() {
        let types = || MediaLimits { image_types: vec![Text::from("image/png")].into(), ..MediaLimits::NONE };
        let refused = fitted(types(), vec![Part::text("x"), image("image/bmp", 8)], false).unwrap_err();
        assert!(refused.contains("messages[0].content[1]") && refused.contains("image/bmp"), "{refused}");
        assert!(fitted(types(), vec![image("image/png", 8)], false).unwrap().0.is_none());
        for (limits, content) in [
            (MediaLimits { image_bytes: Some(6), ..MediaLimits::NONE }, vec![image("image/png", 8)]),
            (MediaLimits { request_bytes: Some(12), ..MediaLimits::NONE }, vec![image("image/png", 8); 2]),
            (MediaLimits { images: Some(2), ..MediaLimits::NONE }, vec![image("image/png", 8); 2]),
            (
                MediaLimits { images_per_message: Some(2), ..MediaLimits::NONE },
                vec![image("image/png", 8); 2],
            ),
        ] {
            assert!(fitted(limits.clone(), content.clone(), false).unwrap().0.is_none(), "{limits:?}");
            let mut more = content;
            more.push(image("image/png", 12));
            assert!(fitted(limits.clone(), more, false).is_err(), "{limits:?}");
        }
    }

    #[test]
    fn what_is_dropped_is_taken_out_inside_results_too() {
        let limits = MediaLimits { images: Some(1), ..MediaLimits::NONE };
        let result = Part::new(PartKind::ToolResult(ToolResult {
            tool_call_id: "c".into(),
            name: None,
            content: vec![image("image/png", 8), Part::text("t")],
            is_error: None,
        }));
        let (rest, dropped) = fitted(limits, vec![image("image/png", 8), result], true).unwrap();
        let rest = rest.unwrap();
        assert_eq!(dropped, 1);
        let content = &rest.messages[0].content;
        assert!(matches!(&content[0].kind, PartKind::Image(_)));
        assert!(
            matches!(&content[1].kind, PartKind::ToolResult(result) if result.content == [Part::text("t")])
        );
    }
}
