//! stub
use crate::json::*;
use crate::model::*;
use alloc::vec::Vec;
/// x
pub struct MessageList<'a>(&'a mut Vec<Message>);
impl<'a> MessageList<'a> {
    /// x
    pub fn new(into: &'a mut Vec<Message>) -> Self {
        Self(into)
    }
    /// x
    pub fn push(&mut self, m: Message) {
        self.0.push(m);
    }
    /// x
    pub fn decode(&mut self, _v: Value<'_>, _p: &str) -> Result<(), JsonError> {
        Ok(())
    }
}
/// x
pub fn encode_message(_m: &Message) -> Json {
    Json::string("")
}
/// x
pub fn decode_messages(_v: Value<'_>, _p: &str) -> Result<Vec<Message>, JsonError> {
    Ok(Vec::new())
}
/// x
pub fn decode_tool(_v: Value<'_>, _p: &str) -> Result<Tool, JsonError> {
    Err(JsonError::new(""))
}
/// x
pub fn decode_tool_choice(_v: Value<'_>, _p: &str) -> Result<ToolChoice, JsonError> {
    Err(JsonError::new(""))
}
/// x
pub fn decode_response_format(_v: Value<'_>, _p: &str) -> Result<ResponseFormat, JsonError> {
    Err(JsonError::new(""))
}
