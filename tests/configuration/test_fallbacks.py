

def test_another_file_for_a_key_is_read(simulator: Simulator, tmp_path: Path, key_sent: Callable[[], str]) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text(KEY)
    other.write_text(ROTATED)
    fields: dict[str, Any] = {"base_url": simulator.openai_base_url, "api_key": {"file": str(one)}}
    with ferrule.Client(config={"providers": {"mine": fields}}) as client:
        client.complete("mine/x", "Hi.")
        client.registry.aliases.register("fast", "mine/x")
        client.complete("fast", "Hi.")
        assert key_sent() == KEY
        client.registry.providers.replace("mine", {**fields, "api_key": {"file": str(other)}})
        client.complete("mine/x", "Hi.")
        assert key_sent() == ROTATED
        other.write_text(KEY)
        client.reload()
        client.complete("mine/x", "Hi.")
        assert key_sent() == KEY
