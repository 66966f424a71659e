"""The module file that travels with an exported model, against our own model and its taps.

Every model here goes through a folder that `transformers` loads without a network.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from latebloom.export import MODULE_FILE, own_config, write_hf
from latebloom.model.config import ModelConfig
from latebloom.model.taps import Site, SiteName, Taps
from latebloom.model.transformer import Transformer
from latebloom.worlds.vocabulary import Vocabulary

transformers = pytest.importorskip("transformers")

N_WORDS = 30
SHAPES: dict[str, dict[str, Any]] = {
    "vanilla": dict(n_loops=1, feedback="none", positions="rotary"),
    "window": dict(n_loops=1, feedback="none", positions="learned", window=2),
    "published": dict(
        n_loops=1,
        feedback="none",
        positions="sinusoidal",
        norm="post",
        activation="relu",
        tied=False,
    ),
    "no positions": dict(n_loops=1, feedback="none", positions="none", tied=False),
    "shared": dict(n_loops=3, feedback="none", positions="rotary"),
    "shared, post": dict(n_loops=2, feedback="none", positions="learned", norm="post"),
    "added": dict(n_loops=2, feedback="added", positions="relative", temperature=0.5),
    "gated": dict(n_loops=3, feedback="gated", positions="sinusoidal", window=3),
    "restart": dict(n_loops=2, feedback="restart", positions="rotary", tied=False),
    "replace": dict(n_loops=3, feedback="replace", positions="relative", n_layers=3),
    "replace, post": dict(n_loops=2, feedback="replace", norm="post", activation="relu"),
    "ahead": dict(n_loops=3, feedback="ahead", positions="relative", max_distance=2),
    "ahead, window": dict(n_loops=4, feedback="ahead", window=2, n_layers=1, mlp_ratio=2),
    "ahead, rotary": dict(n_loops=2, feedback="ahead", positions="rotary", temperature=2.0),
    "ahead, learned": dict(n_loops=2, feedback="ahead", positions="learned", norm="post"),
    "both ways": dict(n_loops=2, feedback="restart", positions="rotary", attention="both"),
    "both ways, relative": dict(
        n_loops=2, feedback="gated", positions="relative", attention="both", window=3
    ),
}
STREAM: tuple[SiteName, ...] = ("resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post")


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    """No network; transformers copies module files into a folder of the test's own."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "c"))
    monkeypatch.syspath_prepend(str(tmp_path / "c"))


def make(**shape: Any) -> Transformer:
    """A model with weights large enough that all of them matter, the gate and the biases too."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_heads=2, **shape), N_WORDS)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def exported(model: Transformer, folder: Path, **settings: Any) -> Any:
    """The model, written and loaded again."""
    words = Vocabulary(tuple(f"w{i}" for i in range(N_WORDS)))
    assert write_hf(model, words, folder) == folder / "modeling_latebloom.py"
    return loaded(folder, **settings)


def loaded(folder: Path, **settings: Any) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, trust_remote_code=True, **settings
    )


def questions(width: int = 5) -> Tensor:
    return torch.randint(N_WORDS, (6, width), generator=torch.Generator().manual_seed(1))


def sites(config: ModelConfig) -> dict[Site, str]:
    """Every tap with the name of its hook point."""
    table = {
        Site(loop, layer, name): f"loops.{loop}.blocks.{layer}.hook_{name}"
        for loop in range(config.n_loops)
        for layer in range(config.n_layers)
        for name in STREAM
    }
    if config.feedback != "none":
        for loop in range(config.n_loops - 1):
            table[Site(loop, 0, "feedback")] = f"loops.{loop}.hook_feedback"
    return table


@torch.no_grad()
@pytest.mark.parametrize("shape", SHAPES)
def test_the_logits_are_those_of_our_model(shape, tmp_path):
    model = make(**SHAPES[shape])
    theirs = exported(model, tmp_path / "hf")
    for width in (1, 2, 7):
        tokens = questions(width)
        out, ours = theirs(tokens), model(tokens).logits
        torch.testing.assert_close(out.logits, ours[-1], atol=1e-5, rtol=1e-5)
        early = out.loop_logits[-len(ours) :]  # without feedback ours tells the last loop alone
        torch.testing.assert_close(early, ours, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("shape", SHAPES)
def test_every_hook_point_shows_the_state_of_our_tap(shape, tmp_path):
    model, tokens = make(**SHAPES[shape]), questions()
    theirs, table = exported(model, tmp_path / "hf"), sites(model.config)
    taps = Taps(reads=table)
    model(tokens, taps=taps)
    logits, cache = theirs.run_with_cache(tokens)
    for site, name in table.items():
        torch.testing.assert_close(cache[name], taps.states[site], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(cache["hook_embed"], model.embedded(tokens))
    last = model.config.n_loops - 1
    assert torch.equal(cache[f"loops.{last}.hook_logits"], logits)
    inner = {name for name in cache if ".attn." in name or name.endswith(("_final", "_logits"))}
    assert set(cache) == {*table.values(), *inner, "hook_embed"}
    shapes = {name.rsplit(".")[-1]: tuple(cache[name].shape) for name in inner}
    assert shapes["hook_pattern"] == (6, 2, 5, 5)
    assert shapes["hook_q"] == shapes["hook_z"] == (6, 5, 2, 8)
    assert shapes["hook_final"] == (6, 5, 16)


@torch.no_grad()
@pytest.mark.parametrize("way", ["returned", "in place"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_patch_does_what_our_tap_does(shape, way, tmp_path):
    model, tokens = make(**SHAPES[shape]), questions()
    theirs = exported(model, tmp_path / "hf")
    plain, moved = model(tokens).logits[-1], 0
    for site, name in sites(model.config).items():
        ours = model(tokens, taps=Taps(writes={site: turned_at(2)})).logits[-1]

        def hook(module: Any, _: Any, state: Tensor) -> Tensor | None:
            if way == "returned":
                return turned_at(2)(state)
            state[:, 2] = turned_at(2)(state)[:, 2]
            return None

        handle = theirs.get_submodule(name).register_forward_hook(hook)
        patched = theirs(tokens).logits
        handle.remove()
        torch.testing.assert_close(patched, ours, atol=1e-5, rtol=1e-5)
        moved += not torch.allclose(ours, plain, atol=1e-3)
    assert moved > len(sites(model.config)) / 2  # the patches do something
    torch.testing.assert_close(theirs(tokens).logits, plain, atol=1e-5, rtol=1e-5)


def turned_at(position: int) -> Callable[[Tensor], Tensor]:
    """A write that gives one position of each row the state of the row before."""

    def write(state: Tensor) -> Tensor:
        state = state.clone()
        state[:, position] = state[:, position].roll(1, dims=0)
        return state

    return write


@torch.no_grad()
def test_run_with_hooks_is_that_of_transformer_lens(tmp_path):
    model, tokens = make(**SHAPES["ahead"]), questions()
    theirs, seen = exported(model, tmp_path / "hf"), []

    def swap(state: Tensor, hook: Any) -> Tensor:
        seen.append(hook.name)
        return turned_at(2)(state)

    name = "loops.1.blocks.0.hook_resid_mid"
    logits = theirs.run_with_hooks(tokens, fwd_hooks=[(name, swap)])
    ours = model(tokens, taps=Taps(writes={Site(1, 0, "resid_mid"): turned_at(2)})).logits[-1]
    torch.testing.assert_close(logits, ours, atol=1e-5, rtol=1e-5)
    assert seen == [name]
    theirs(tokens)
    assert seen == [name], "the hooks stay behind"
    with pytest.raises(AttributeError, match="hook_resid_mdi"):
        theirs.run_with_hooks(tokens, fwd_hooks=[(name.replace("mid", "mdi"), swap)])


@torch.no_grad()
def test_the_pattern_is_what_attention_weighs_with(tmp_path):
    model, tokens = make(**SHAPES["ahead, window"]), questions()
    theirs = exported(model, tmp_path / "hf")
    _, cache = theirs.run_with_cache(tokens)
    pattern = cache["loops.1.blocks.0.attn.hook_pattern"]
    torch.testing.assert_close(pattern.sum(-1), torch.ones(6, 2, 5))
    # Two tokens wide, and no token sees itself: all weight is on the token before.
    torch.testing.assert_close(pattern[:, :, 1:], torch.eye(5)[:4].expand(6, 2, 4, 5))
    values = cache["loops.1.blocks.0.attn.hook_v"]
    torch.testing.assert_close(cache["loops.1.blocks.0.attn.hook_z"][:, 1:], values[:, :-1])
    # Without what attention sees, the layer's attention adds its bias alone.
    names = [f"loops.{loop}.blocks.0.attn.hook_pattern" for loop in range(4)]
    blind = [(name, lambda state, hook: torch.zeros_like(state)) for name in names]
    logits = theirs.run_with_hooks(tokens, fwd_hooks=blind)
    bias = model.blocks[0].attn.out.bias
    cut = {Site(loop, 0, "attn_out"): lambda state: bias.expand_as(state) for loop in range(4)}
    ours = model(tokens, taps=Taps(writes=cut)).logits[-1]
    torch.testing.assert_close(logits, ours, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_next_loop_is_told_what_the_patched_prediction_says(tmp_path):
    model, tokens = make(**SHAPES["restart"]), questions()
    theirs = exported(model, tmp_path / "hf")

    def certain(state: Tensor, hook: Any) -> Tensor:
        return torch.full_like(state, -1e4).index_fill_(2, torch.tensor([7]), 1e4)

    told = model.embed.weight[7].expand(6, 5, 16).clone()
    told[:, 0] = 0  # the first token feeds nothing back
    ours = model(tokens, taps=Taps(writes={Site(0, 0, "feedback"): lambda _: told})).logits[-1]
    logits = theirs.run_with_hooks(tokens, fwd_hooks=[("loops.0.hook_logits", certain)])
    torch.testing.assert_close(logits, ours, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_fewer_and_more_loops(tmp_path):
    model, tokens = make(**SHAPES["ahead"]), questions()
    theirs = exported(model, tmp_path / "hf")
    torch.testing.assert_close(
        theirs(tokens, n_loops=2).logits, model(tokens, n_loops=2).logits[-1], atol=1e-5, rtol=1e-5
    )
    for wrong in (0, 4):
        with pytest.raises(ValueError, match=f"n_loops is {wrong}.* 1 to 3"):
            theirs(tokens, n_loops=wrong)
    more = loaded(tmp_path / "hf", n_loops=5)
    torch.testing.assert_close(
        more(tokens).logits, model(tokens, n_loops=5).logits[-1], atol=1e-5, rtol=1e-5
    )


@torch.no_grad()
def test_generate_goes_on_as_the_logits_say(tmp_path):
    model, tokens = make(**SHAPES["replace"]), questions()
    theirs = exported(model, tmp_path / "hf")
    written = theirs.generate(tokens, max_new_tokens=2, do_sample=False)
    once = torch.cat((tokens, model(tokens).logits[-1][:, -1:].argmax(-1)), dim=1)
    twice = torch.cat((once, model(once).logits[-1][:, -1:].argmax(-1)), dim=1)
    assert torch.equal(written, twice)


def test_the_loss_is_that_of_the_next_token_and_reaches_every_weight(tmp_path):
    model, tokens = make(**SHAPES["gated"]), questions()
    theirs = exported(model, tmp_path / "hf")
    labels = tokens.clone()
    labels[:, 4] = -100
    loss = theirs(tokens, labels=labels).loss
    wanted = model(tokens).logits[-1][:, :3].log_softmax(-1).gather(2, tokens[:, 1:4, None])
    torch.testing.assert_close(loss, -wanted.mean())
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in theirs.parameters())


@torch.no_grad()
def test_padding_may_come_after_the_text_only(tmp_path):
    model, tokens = make(**SHAPES["ahead"]), questions()
    theirs = exported(model, tmp_path / "hf")
    mask = torch.ones_like(tokens)
    mask[:, 3:] = 0
    padded = theirs(tokens, attention_mask=mask).logits[:, :3]
    torch.testing.assert_close(padded, model(tokens[:, :3]).logits[-1], atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="padding must come after"):
        theirs(tokens, attention_mask=mask.flip(1))


def test_a_text_that_is_too_long_is_refused(tmp_path):
    theirs = exported(make(**SHAPES["window"], max_positions=8), tmp_path / "hf")
    with pytest.raises(ValueError, match="9 tokens are more than"):
        theirs(questions(9))


@torch.no_grad()
@pytest.mark.parametrize("shape", ["gated", "published"])
def test_transformers_saves_what_it_loads_again(shape, tmp_path):
    theirs, tokens = exported(make(**SHAPES[shape]), tmp_path / "hf"), questions()
    theirs.save_pretrained(tmp_path / "again")
    assert torch.equal(loaded(tmp_path / "again")(tokens).logits, theirs(tokens).logits)


@torch.no_grad()
@pytest.mark.filterwarnings("ignore")
def test_nnsight_reads_and_writes_a_state_of_the_second_loop(tmp_path):
    nnsight = pytest.importorskip("nnsight")
    model, tokens = make(**SHAPES["ahead"]), questions()
    theirs = nnsight.NNsight(exported(model, tmp_path / "hf"))
    site = Site(1, 1, "resid_post")
    taps = Taps(reads=[site])
    model(tokens, taps=taps)
    with theirs.trace(tokens):
        state = theirs.loops[1].blocks[1].hook_resid_post.output.save()
    torch.testing.assert_close(state, taps.states[site], atol=1e-5, rtol=1e-5)
    with theirs.trace(tokens):
        theirs.loops[1].blocks[1].hook_resid_post.output[:, 2] = state[:, 2].roll(1, dims=0)
        logits = theirs.loops[2].hook_logits.output.save()
    ours = model(tokens, taps=Taps(writes={site: turned_at(2)})).logits[-1]
    torch.testing.assert_close(logits, ours, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(ours, model(tokens).logits[-1], atol=1e-3)


def test_the_file_in_the_folder_is_ours_and_needs_nothing_of_the_package(tmp_path):
    exported(make(**SHAPES["shared"]), tmp_path / "hf")
    text = (tmp_path / "hf" / "modeling_latebloom.py").read_bytes()
    assert text == MODULE_FILE.read_bytes()
    tops = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            tops.add((node.module or "").split(".")[0])
    assert tops == {"math", "collections", "dataclasses", "typing", "torch", "transformers"}


def test_the_file_knows_every_field_of_our_config():
    from latebloom.exported.modeling_latebloom import SHAPE

    written = own_config(ModelConfig(), N_WORDS)
    about = {"model_type", "architectures", "auto_map", "dtype", "use_cache"}
    assert set(written) - about == set(SHAPE)


@torch.no_grad()
def test_padding_is_never_seen_where_attention_goes_both_ways(tmp_path):
    theirs = exported(make(**SHAPES["both ways"]), tmp_path / "hf")
    tokens, padded = questions(4), questions(7)
    padded[:, :4] = tokens
    mask = torch.ones(6, 7, dtype=torch.long)
    mask[:, 4:] = 0
    found = theirs(padded, attention_mask=mask).logits[:, :4]
    torch.testing.assert_close(found, theirs(tokens).logits, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(theirs(padded).logits[:, :4], found, atol=1e-2)
    with pytest.raises(ValueError, match="every token sees the next"):
        theirs(tokens, labels=tokens)
