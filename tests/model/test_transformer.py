"""The model: against Hugging Face's GPT-2, and by what must hold of any of its shapes."""

import pytest
import torch

from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.taps import Site, Taps, replace_at
from latebloom.model.transformer import Transformer

SHAPES = {
    "vanilla": dict(n_loops=1, feedback="none", positions="learned"),
    "shared": dict(n_loops=2, feedback="none", positions="rotary"),
    "added": dict(n_loops=2, feedback="added", positions="relative"),
    "gated": dict(n_loops=3, feedback="gated", window=3),
    "restart": dict(n_loops=2, feedback="restart", positions="rotary"),
    "replace": dict(n_loops=2, feedback="replace", positions="relative"),
    "ahead": dict(n_loops=3, feedback="ahead", window=2, n_layers=1),
    "published": dict(
        n_loops=1,
        feedback="none",
        positions="sinusoidal",
        norm="post",
        activation="relu",
        tied=False,
    ),
}


def make(shape: str) -> Transformer:
    """A model of a shape in double precision, with weights large enough that all of them matter."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_heads=2, **SHAPES[shape]), d_vocab=30).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    return model.eval()


def questions(n: int = 6, width: int = 5) -> torch.Tensor:
    return torch.randint(0, 30, (n, width), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", SHAPES)
def test_answer_position_alone_gives_what_the_full_pass_gives(shape):
    model, tokens = make(shape), questions()
    at = torch.tensor([0, 1, 2, 3, 4, 4])
    full = model(tokens).logits[:, torch.arange(6), at]
    torch.testing.assert_close(model(tokens, at).logits, full)


@pytest.mark.parametrize("shape", SHAPES)
def test_later_tokens_do_not_matter(shape):
    model, tokens = make(shape), questions()
    other = tokens.clone()
    other[:, 3:] = (other[:, 3:] + 7) % 30
    torch.testing.assert_close(model(tokens).logits[:, :, :3], model(other).logits[:, :, :3])
    assert not torch.allclose(model(tokens).logits[:, :, 3:], model(other).logits[:, :, 3:])


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_does_not_matter(shape):
    model, tokens = make(shape), questions(width=3)
    padded = torch.nn.functional.pad(tokens, (0, 2))
    at = torch.full((6,), 2)
    torch.testing.assert_close(model(tokens, at).logits, model(padded, at).logits)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_patched_into_itself_is_unchanged(shape):
    model, tokens = make(shape), questions()
    site = Site(0, 0, "resid_post")
    reading = Taps(reads=[site])
    plain = model(tokens, taps=reading).logits
    at = torch.full((6,), 2)
    itself = replace_at(at, reading.states[site][:, 2])
    torch.testing.assert_close(model(tokens, taps=Taps(writes={site: itself})).logits, plain)


@pytest.mark.parametrize("shape", ["vanilla", "shared", "added", "gated", "restart", "published"])
def test_patching_the_whole_input_gives_the_other_run(shape):
    """All but `ahead`, whose loops go back to a token's own embedding besides the patched state."""
    model, tokens = make(shape), questions()
    other = (tokens + 11) % 30
    site = Site(0, 0, "resid_pre")
    source = Taps(reads=[site])
    loops = 1  # a restarted second loop would begin from the first run's tokens
    wanted = model(other, n_loops=loops, taps=source).logits
    patch = Taps(writes={site: lambda _: source.states[site]})
    torch.testing.assert_close(model(tokens, n_loops=loops, taps=patch).logits, wanted)


def test_running_on_from_a_state_gives_the_same_end():
    model, tokens = make("restart"), questions()
    start = model.embedded(tokens)
    site = Site(1, 1, "resid_pre")
    middle = Taps(reads=[site])
    whole = model(tokens, taps=middle).logits
    rest = model.run(start, middle.states[site], None, loops=range(1, 2), first_layer=1).logits
    torch.testing.assert_close(rest[-1], whole[-1])


def test_replaced_a_later_loop_knows_a_token_by_its_prediction_alone():
    model, tokens = make("replace"), questions()
    predicted = Taps(reads=[Site(0, 0, "feedback")])
    plain = model(tokens, taps=predicted).logits
    other = tokens.clone()
    other[:, 1:] = (other[:, 1:] + 7) % 30
    told = {Site(0, 0, "feedback"): lambda _: predicted.states[Site(0, 0, "feedback")]}
    torch.testing.assert_close(model(other, taps=Taps(writes=told)).logits[-1], plain[-1])
    assert not torch.allclose(model(other).logits[-1], plain[-1])


def test_ahead_feedback_never_reaches_the_token_that_made_it():
    model, tokens = make("ahead"), questions()
    site = Site(0, 0, "feedback")

    def disturb(feedback: torch.Tensor) -> torch.Tensor:
        changed = feedback.clone()
        changed[:, 2, ::2] += 1.0
        return changed

    plain = model(tokens, n_loops=2).logits[-1]
    disturbed = model(tokens, n_loops=2, taps=Taps(writes={site: disturb})).logits[-1]
    torch.testing.assert_close(disturbed[:, :3], plain[:, :3])
    assert not torch.allclose(disturbed[:, 3], plain[:, 3])


def test_a_window_of_two_makes_prefixes_of_chains_settle():
    """With one layer, position k is settled after k loops: more loops change nothing."""
    model, tokens = make("ahead"), questions(width=4)
    settled = model(tokens, n_loops=4).logits[-1]
    torch.testing.assert_close(model(tokens, n_loops=9).logits[-1], settled)
    assert not torch.allclose(model(tokens, n_loops=2).logits[-1], settled)


def test_an_unvisited_site_is_told():
    model, site = make("vanilla"), Site(5, 0, "resid_post")
    taps = Taps(reads=[site])
    model(questions(), taps=taps)
    assert taps.unvisited() == {site}


def test_the_same_seed_gives_the_same_weights_and_loss():
    models = []
    for _ in range(2):
        torch.manual_seed(7)
        models.append(Transformer(ModelConfig(d_model=16, n_heads=2), 30))
    for a, b in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (dict(d_model=30, n_heads=4), "model.d_model"),
        (dict(n_layers=0), "model.n_layers"),
        (dict(dropout=1.0), "model.dropout"),
        (dict(mlp_dropout=-0.1), "model.mlp_dropout"),
        (dict(window=1), "model.window"),
        (dict(temperature=0.0), "model.temperature"),
        (dict(n_loops=1), "model.feedback"),
        (dict(temperature=2.0, feedback="none"), "model.temperature is 2.0, which has no effect"),
        (dict(max_positions=9), "model.max_positions is 9, which has no effect"),
        (dict(max_distance=1, positions="rotary"), "model.max_distance is 1, which has no effect"),
    ],
)
def test_a_wrong_config_names_its_field(fields, named):
    with pytest.raises(LatebloomError, match=named):
        ModelConfig(**fields)


@pytest.mark.parametrize("name", ["feedback", "norm", "activation"])
def test_a_choice_that_there_is_not_is_refused(name):
    """As the constructor does it; here the types would be checked before it came to that."""
    config = ModelConfig()
    object.__setattr__(config, name, "rms")
    with pytest.raises(LatebloomError, match=f"model.{name} is 'rms'; it must be one of"):
        config.__post_init__()


def test_a_question_longer_than_the_positions_is_refused():
    model = Transformer(
        ModelConfig(n_loops=1, feedback="none", positions="learned", max_positions=4), 30
    )
    with pytest.raises(LatebloomError, match="max_positions"):
        model(questions(width=5))
