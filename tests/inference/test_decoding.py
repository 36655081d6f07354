"""What the decoder learns to draw at twice the side of the encoder's pictures, and the critic it learns with."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inference.generator.autoencoder import SPATIAL, TEMPORAL, VideoAutoencoder, VideoShape, larger, smaller
from inference.train import autoencoding
from inference.train.decoding import LAST, SPAN, Critic, batches, critic_loss, judge, train

SIDES = (128, 224)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four windows whose pictures are stripes one pixel wide."""
    frames = torch.zeros(4, TEMPORAL * SPAN, *SIDES, 4, dtype=torch.uint8)
    frames[:, :, :, ::2, :3] = 255
    latents = torch.randn(4, SPAN, SIDES[0] // SPATIAL, SIDES[1] // SPATIAL, VideoShape().latent).half().numpy()
    place = tmp_path / "windows"
    place.mkdir()
    np.savez(place / "00000-wide.npz", frames=frames.numpy(), latents=latents, remade=latents)
    return place


def test_latents_span_sixteen_pixels_and_four_frames():
    model = VideoAutoencoder(VideoShape(detail=8))
    frames = torch.rand(1, 8, 32, 48, 3) * 2 - 1

    latents = model.encode(frames)

    assert latents.shape[1:4] == (8 // TEMPORAL, 32 // SPATIAL, 48 // SPATIAL)
    assert model.decode(latents).shape == frames.shape


def test_the_encoder_sees_half_the_side():
    model = VideoAutoencoder(VideoShape(detail=8))
    frames = torch.rand(1, 4, 16, 32, 3) * 2 - 1

    assert torch.allclose(model.encode(frames), model.latents(smaller(frames)))


def test_untaught_detail_leaves_the_small_picture():
    model = VideoAutoencoder(VideoShape(detail=8))
    latents = torch.randn(1, 2, 2, 3, 8)

    assert torch.allclose(model.decoder(latents), larger(model.decoder.small(latents)), atol=1e-5)


def test_the_decoder_learns_and_the_encoder_stays(folder: Path, tmp_path: Path):
    run = tmp_path / "run"
    run.mkdir()
    save_file(VideoAutoencoder(VideoShape()).state_dict(), run / "autoencoder.safetensors")
    before = load_file(run / "autoencoder.safetensors")

    train(folder, run, 1e-4)

    after = load_file(run / "autoencoder.safetensors")
    assert {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])} == {"decoder"}
    assert (run / "critic.safetensors").exists()


def test_remade_windows_weigh_less(folder: Path):
    _, frames, weight = next(batches(folder, 1))

    assert frames.amax() == 1 and frames.amin() == -1
    assert weight[:2].unique().tolist() == [1.0]
    assert weight[2:].unique().tolist() == pytest.approx([0.3])


def test_a_critic_learns_to_tell_haze_from_stripes(folder: Path):
    torch.manual_seed(0)
    critic, real = Critic(8), next(batches(folder, 1))[1][:, :3, :32, :32]
    haze = torch.zeros_like(real)
    optimiser = torch.optim.Adam(critic.parameters(), 3e-3)

    for _ in range(30):
        optimiser.zero_grad()
        critic_loss(critic, haze, real).backward()
        optimiser.step()

    assert critic(real)[0].mean() > critic(haze)[0].mean() + 0.5


def test_judging_finds_haze_less_crisp_than_stripes(folder: Path, tmp_path: Path):
    model = VideoAutoencoder(VideoShape())
    save_file(model.state_dict(), tmp_path / "autoencoder.safetensors")

    found = judge(folder, tmp_path)

    assert set(found) == {"encoded", "remade", "enlarged"}
    assert all(0 < figures["crispness"] < 0.2 and figures["dB"] < 10 for figures in found.values())


def test_the_small_picture_is_taught_without_the_large_one(tmp_path: Path):
    """What the decoder draws at twice the side has no part in the first training, and no gradients there."""
    clips, run = tmp_path / "clips", tmp_path / "run"
    for folder in (clips, run):
        folder.mkdir()
    noise = np.random.default_rng(1)
    for aspect, size in (("wide", (64, 112)), ("tall", (112, 64))):
        np.save(clips / f"00000-{aspect}.npy", noise.integers(0, 256, (6, 16, *size, 4), np.uint8))
    torch.manual_seed(0)
    before = VideoAutoencoder(VideoShape()).state_dict()

    autoencoding.train(clips, run, 1e-4, decoder_only=False)

    after = load_file(run / "autoencoder.safetensors")
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert {"encoder.enter.weight", "decoder.leave.conv.weight"} <= changed
    assert not any(name.startswith(("decoder.grow", "decoder.first", "decoder.second")) for name in changed)


def test_weights_that_lack_more_than_the_last_stage_are_not_taught_on(folder: Path, tmp_path: Path):
    held = VideoAutoencoder(VideoShape()).state_dict()
    older = {name: value for name, value in held.items() if not name.startswith(LAST)}
    save_file(older, tmp_path / "autoencoder.safetensors")
    train(folder, tmp_path, 1e-4)
    assert set(load_file(tmp_path / "autoencoder.safetensors")) == set(held)

    save_file({name: older[name] for name in list(older)[1:]}, tmp_path / "autoencoder.safetensors")
    with pytest.raises(RuntimeError, match=next(iter(older))):
        train(folder, tmp_path, 1e-4)
