"""Figures of a reply, and of a conversation: times, tokens and cost, in one line."""

from typing import TYPE_CHECKING

from ferrule.cli import prices, screen

if TYPE_CHECKING:
    from ferrule import Reply
    from ferrule.usage import UsageTotals


def reply_figures(reply: "Reply") -> str:
    """The figures of a reply."""
    usage, times = reply.usage, reply.stats
    speed = screen.rate(usage.output_tokens, times.time_to_first_token, times.duration)
    out = f"{screen.count(usage.output_tokens)} out"
    if usage.reasoning_tokens:
        out += f" ({usage.reasoning_tokens:,} reasoning)"
    figures = [
        f"first token after {screen.seconds(times.time_to_first_token)}",
        f"{speed:,.0f} tokens/s" if speed else "",
        f"{screen.count(usage.input_tokens)} tokens in, {out}",
        f"{usage.cache_read_tokens:,} from cache" if usage.cache_read_tokens else "",
        f"cost {prices.dollars(reply.cost.total)}" if reply.cost else "cost unknown",
        f"{len(reply.attempts)} attempts" if len(reply.attempts) > 1 else "",
        reply.finish_reason or "",
    ]
    return " | ".join(figure for figure in figures if figure)


def usage_figures(total: "UsageTotals") -> str:
    """The figures of all calls of a session."""
    cost = prices.dollars(total.cost) if total.unknown_cost < total.calls else "unknown"
    if 0 < total.unknown_cost < total.calls:
        cost += f" and {total.unknown_cost} calls whose cost is not known"
    calls = f"{total.calls} call" + ("" if total.calls == 1 else "s")
    return f"{calls} | {total.input_tokens:,} tokens in, {total.output_tokens:,} out | cost {cost}"
