from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from models.networks.unet import UNet
from models.training.losses import dice_bce
from models.training.pretrained import load_imagenet

SMALL = (16, 12, 8, 8)


@pytest.mark.parametrize(
    "encoder", ["resnet50", "tf_efficientnet_b0", "tf_efficientnet_lite0", "xception41", "legacy_xception"]
)
def test_each_encoder_learns_through_every_part(encoder: str) -> None:
    torch.manual_seed(0)
    network = UNet(encoder, attention=True, decoder_channels=SMALL)
    x = torch.randn(2, 1, 32, 64)
    output = network(x)
    assert output.masks.shape == (2, 1, 32, 64)
    assert output.images.shape == (2, 1)
    target = (x[:, 0] > 0).float()
    loss = dice_bce(output.masks[:, 0], target, torch.ones(2, dtype=torch.bool)).mean()
    (loss + output.images.square().mean()).backward()
    parts = {name.split(".")[0] for name, _ in network.named_parameters()}
    assert parts == {"encoder", "decoder", "mask_head", "image_head"}
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    assert [name for name, g in gradients.items() if g is None or not bool(g.isfinite().all())] == []
    assert any(".gate." in name and bool(g.abs().sum() > 0) for name, g in gradients.items())


@pytest.mark.parametrize(
    ("encoder", "ending"),
    [("resnet18", "safetensors"), ("test_efficientnet", "pth"), ("legacy_xception", "safetensors")],
)
def test_weights_of_a_file_give_the_whole_networks_features(
    tmp_path: Path, encoder: str, ending: str
) -> None:
    """A grey film shown as three equal channels to the original gives the encoder's deepest features."""
    torch.manual_seed(1)
    whole = timm.create_model(encoder, pretrained=False).eval()
    file = tmp_path / f"weights.{ending}"
    state = {key: value.contiguous() for key, value in whole.state_dict().items()}
    if ending == "pth":
        torch.save({"state_dict": state}, file)
    else:
        save_file(state, file)
    own = timm.create_model(encoder, pretrained=False, features_only=True, in_chans=1).eval()
    load_imagenet(own, encoder, file)
    x = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        colour = timm.create_model(encoder, pretrained=False, features_only=True).eval()
        colour.load_state_dict({key: state[key.removeprefix("body.")] for key in colour.state_dict()})
        expected = colour(x.expand(1, 3, 64, 64))[-1]
        torch.testing.assert_close(own(x)[-1], expected, atol=1e-4, rtol=1e-4)


def test_packaged_weights_load(tmp_path: Path) -> None:
    own = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True, in_chans=1)
    before = own.state_dict()["conv_stem.weight"].clone()
    load_imagenet(own, "tf_efficientnet_lite0")
    assert not torch.equal(own.state_dict()["conv_stem.weight"], before)


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    own = timm.create_model("resnet18", pretrained=False, features_only=True, in_chans=1)
    with pytest.raises(ValueError, match="no packaged ImageNet weights for resnet18"):
        load_imagenet(own, "resnet18")
    with pytest.raises(ValueError, match="there is no weight file"):
        load_imagenet(own, "resnet18", tmp_path / "none.safetensors")
    for name in ("damaged.safetensors", "damaged.pth"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(ValueError, match=rf"{name} is not a readable file of plain tensors"):
            load_imagenet(own, "resnet18", tmp_path / name)
    save_file({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "part.safetensors")
    with pytest.raises(ValueError, match=r"part\.safetensors lacks bn1\.weight"):
        load_imagenet(own, "resnet18", tmp_path / "part.safetensors")
    save_file({"conv1.weight": torch.zeros(8, 3, 7, 7)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"conv1\.weight has shape \(8, 1, 7, 7\) where \(64, 1, 7, 7\)"):
        load_imagenet(own, "resnet18", tmp_path / "other.safetensors")


class Danger:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


def test_a_file_that_would_run_code_is_not_unpickled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = timm.create_model("resnet18", pretrained=False, features_only=True, in_chans=1)
    torch.save({"conv1.weight": Danger()}, tmp_path / "danger.pth")
    with pytest.raises(ValueError, match="not a readable file of plain tensors"):
        load_imagenet(own, "resnet18", tmp_path / "danger.pth")
    assert "unpickled" not in capsys.readouterr().out
