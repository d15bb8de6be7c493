//! Every dialect: transcripts, quirks, and that what is written is read back the same. One program, so that it is linked
//! once.

#[cfg(test)]
mod anthropic;
#[cfg(test)]
mod bedrock;
#[cfg(test)]
mod cohere_ollama;
#[cfg(test)]
mod gemini;
#[cfg(test)]
mod openai_chat;
#[cfg(test)]
mod openai_completions;
#[cfg(test)]
mod openai_responses;
#[cfg(test)]
mod openai_transcripts;
#[cfg(test)]
mod signers;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod translate;
