"""The usual mistakes: one table, one row each; a new mistake is a new row and nothing else.

`key_ko`, `key_en` speak to whoever finds the own answer in a list of wrong ones; `ko`, `en` to the student
whose answer shows the mistake, with `{quantity}` for the quantity in which it shows, as the caller spells
it: "the gradient for W_0", "h". A further language is two more of them: `key_de`, `de`.
"""

from collections.abc import Mapping
from dataclasses import replace

from derive.classroom.misconceptions import changes as does
from derive.classroom.misconceptions import places as at
from derive.classroom.misconceptions.misconception import Change, Misconception, Sentences
from derive.network import Network


def _row(*changes: Change, masks: bool = False, **sentences: str) -> Misconception:
    key = {name.removeprefix("key_"): said for name, said in sentences.items() if name.startswith("key_")}
    feedback = {name: said for name, said in sentences.items() if not name.startswith("key_")}
    return Misconception("", changes, Sentences(key), Sentences(feedback), masks)


_ROWS: Mapping[str, Misconception] = {
    "mask_forgotten": _row(
        Change("delta", does.gradient_as_it_is, at.masks),
        key_ko=(
            "이 값이 나왔다면 ReLU 마스크를 빠뜨린 것입니다. 꺼진 유닛에서는 ReLU의 미분값을 곱해야 합니다."
        ),
        key_en="If you got this, you forgot the mask: multiply by the derivative of ReLU, unit by unit.",
        ko="{quantity} 계산에서 ReLU 마스크가 빠졌습니다.",
        en="The ReLU mask is missing in {quantity}.",
        masks=True,
    ),
    "mask_inverted": _row(
        Change("delta", does.inverted_mask, at.masks),
        key_ko="이 값이 나왔다면 마스크를 거꾸로 씌운 것입니다. 기울기는 켜진 유닛으로 전달됩니다.",
        key_en="If you got this, your mask is upside down: the gradient passes where the unit is on.",
        ko="{quantity} 계산에서 ReLU 마스크의 켜짐과 꺼짐이 뒤바뀌었습니다.",
        en="The ReLU mask is inverted in {quantity}.",
        masks=True,
    ),
    "mask_of_wrong_layer": _row(
        Change("delta", does.mask_of_next_layer, at.masks_below_as_wide),
        key_ko=(
            "이 값이 나왔다면 다음 층의 값으로 마스크를 만든 것입니다. 마스크는 그 층 자신의 "
            "활성화 전 값으로 정합니다."
        ),
        key_en=(
            "If you got this, you took the mask from the next layer: each layer's own pre-activations decide."
        ),
        ko="{quantity} 계산에 다른 층의 ReLU 마스크를 썼습니다.",
        en="The ReLU mask in {quantity} is that of another layer.",
        masks=True,
    ),
    "relu_of_gradient": _row(
        Change("delta", does.clipped_gradient, at.relus),
        key_ko=(
            "이 값이 나왔다면 기울기에 ReLU를 씌운 것입니다. 기울기의 부호가 아니라 활성화 전 "
            "값의 부호를 보아야 합니다."
        ),
        key_en=(
            "If you got this, you applied ReLU to the gradient itself; what "
            "decides is the sign of the pre-activation."
        ),
        ko="{quantity} 계산에서 기울기 자체에 ReLU를 적용했습니다.",
        en="ReLU was applied to the gradient itself in {quantity}.",
        masks=True,
    ),
    "activation_forgotten": _row(
        Change("output", does.unchanged, at.hidden_nonlinear),
        Change("delta", does.gradient_as_it_is, at.hidden_nonlinear),
        key_ko="이 값이 나왔다면 은닉층의 활성화 함수를 빠뜨린 것입니다.",
        key_en="If you got this, you left out the activation of the hidden layer.",
        ko="{quantity} 계산에서 은닉층의 활성화 함수가 빠졌습니다.",
        en="The activation of the hidden layer is missing in {quantity}.",
    ),
    "pre_activation_as_input": _row(
        Change("weights_gradient", does.pre_activation_as_read, at.after_nonlinear),
        key_ko="이 값이 나왔다면 앞 층의 출력 대신 활성화 전 값을 곱한 것입니다.",
        key_en=(
            "If you got this, you multiplied by the pre-activations of the layer before, not by its outputs."
        ),
        ko="{quantity} 계산에 앞 층의 출력 대신 활성화 전 값을 썼습니다.",
        en="The pre-activation of the layer before stands for its output in {quantity}.",
    ),
    "slope_forgotten": _row(
        Change("delta", does.gradient_as_it_is, at.curved),
        key_ko="이 값이 나왔다면 활성화 함수의 미분을 곱하지 않은 것입니다.",
        key_en="If you got this, you did not multiply by the derivative of the activation.",
        ko="{quantity} 계산에서 활성화 함수의 미분이 빠졌습니다.",
        en="The derivative of the activation is missing in {quantity}.",
    ),
    "slope_of_pre_activation": _row(
        Change("delta", does.slope_of_pre_activation, at.slope_from_output),
        key_ko="이 값이 나왔다면 미분 공식에 출력 대신 활성화 전 값을 넣은 것입니다.",
        key_en=(
            "If you got this, you put the pre-activation into a derivative that is written with the output."
        ),
        ko="{quantity} 계산에서 활성화 함수의 미분 공식에 출력 대신 활성화 전 값을 넣었습니다.",
        en="In {quantity} the derivative of the activation takes the pre-activation for the output.",
    ),
    "slope_at_output": _row(
        Change("delta", does.slope_at_output, at.curved),
        key_ko="이 값이 나왔다면 활성화 함수의 미분을 활성화 전 값이 아니라 출력에서 구한 것입니다.",
        key_en=(
            "If you got this, you took the derivative of the activation at the output, not at "
            "the pre-activation."
        ),
        ko="{quantity} 계산에서 활성화 함수의 미분을 출력값에서 구했습니다.",
        en="In {quantity} the derivative of the activation was taken at the output.",
    ),
    "bias_forgotten": _row(
        Change("pre_activation", does.without_bias, at.biased),
        key_ko="이 값이 나왔다면 편향을 더하지 않은 것입니다.",
        key_en="If you got this, you forgot to add the bias.",
        ko="{quantity} 계산에서 편향이 빠졌습니다.",
        en="The bias is missing in {quantity}.",
    ),
    "rounded_to_integers": _row(
        Change("pre_activation", does.rounded, at.rounds),
        key_ko="이 값이 나왔다면 활성화 전 값을 정수로 반올림한 것입니다. 반올림은 마지막에 한 번만 합니다.",
        key_en="If you got this, you rounded the pre-activations to integers: round once, at the end.",
        ko="{quantity} 계산 도중에 정수로 반올림했습니다.",
        en="Pre-activations were rounded to integers on the way to {quantity}.",
    ),
    "weights_not_transposed": _row(
        Change("read_gradient", does.through_untransposed_weights, at.square_on_the_way),
        key_ko="이 값이 나왔다면 뒤로 전달할 때 가중치 행렬을 전치하지 않은 것입니다.",
        key_en="If you got this, you went back through the weights without transposing them.",
        ko="{quantity} 계산에서 뒤로 전달할 때 가중치 행렬을 전치하지 않았습니다.",
        en="The weights on the way back to {quantity} are not transposed.",
    ),
    "outer_product_transposed": _row(
        Change("weights_gradient", does.transposed_outer_product, at.square),
        key_ko="이 값이 나왔다면 가중치에 대한 기울기를 전치해서 쓴 것입니다. 행과 열의 순서를 확인하시오.",
        key_en="If you got this, your outer product is transposed: check which factor gives the rows.",
        ko="{quantity} 계산에서 외적의 두 인수가 뒤바뀌어 행렬이 전치되었습니다.",
        en="The outer product in {quantity} is transposed.",
    ),
    "target_not_subtracted": _row(
        Change("delta", does.delta_without_target, at.subtracts),
        Change("loss_gradient", does.loss_gradient_without_target, at.measures_distance),
        key_ko="이 값이 나왔다면 출력에서 목표값을 빼지 않은 것입니다.",
        key_en="If you got this, you did not subtract the target from the output.",
        ko="{quantity} 계산에서 출력에서 목표값을 빼지 않았습니다.",
        en="The target was not subtracted from the output in {quantity}.",
    ),
    "sign_flipped": _row(
        Change("delta", does.delta_negated, at.collapses),
        Change("loss_gradient", does.loss_gradient_negated, at.measures_distance),
        key_ko="이 값이 나왔다면 출력과 목표값을 뺀 순서가 바뀐 것입니다. 모든 부호가 반대입니다.",
        key_en="If you got this, you subtracted output from target: every sign is the opposite.",
        ko="{quantity} 계산에서 출력과 목표값을 뺀 순서가 바뀌어 부호가 반대입니다.",
        en="Output and target are subtracted the wrong way round in {quantity}; the sign is the opposite.",
    ),
    "softmax_diagonal": _row(
        Change("delta", does.diagonal_only, at.softmax),
        key_ko="이 값이 나왔다면 소프트맥스 야코비 행렬의 대각 성분만 쓴 것입니다.",
        key_en="If you got this, you used only the diagonal of the softmax Jacobian.",
        ko="{quantity} 계산에서 소프트맥스 야코비 행렬의 대각 성분만 썼습니다.",
        en="Only the diagonal of the softmax Jacobian was used in {quantity}.",
    ),
    "loss_gradient_as_delta": _row(
        Change("delta", does.gradient_as_it_is, at.collapses),
        key_ko="이 값이 나왔다면 출력에 대한 손실의 기울기를 활성화 전 값에 대한 기울기로 쓴 것입니다.",
        key_en=(
            "If you got this, you used the gradient for the output as the gradient for the pre-activation."
        ),
        ko="{quantity} 계산에서 출력에 대한 기울기를 활성화 전 값에 대한 기울기로 썼습니다.",
        en="The gradient for the output stands for that of the pre-activation in {quantity}.",
    ),
    "target_sum_ignored": _row(
        Change("delta", does.delta_without_target_sum, at.target_sum_counts),
        key_ko="이 값이 나왔다면 목표값의 합이 1이 아닌데도 출력에서 목표값을 그대로 뺀 것입니다.",
        key_en="If you got this, you took output minus target, though the target does not sum to one.",
        ko="{quantity} 계산에서 목표값의 합이 1이 아니라는 점을 놓쳤습니다.",
        en="That the target does not sum to one is missed in {quantity}.",
    ),
    "factor_two_forgotten": _row(
        Change("loss_gradient", does.half_loss_gradient, at.squares),
        key_ko="이 값이 나왔다면 제곱을 미분할 때 나오는 2를 빠뜨린 것입니다.",
        key_en="If you got this, you forgot the factor 2 of the derivative of a square.",
        ko="{quantity} 계산에서 제곱을 미분할 때 나오는 2가 빠졌습니다.",
        en="The factor 2 of the derivative of a square is missing in {quantity}.",
    ),
    "outputs_not_averaged": _row(
        Change("loss_gradient", does.loss_gradient_of_sum, at.averages_outputs),
        key_ko="이 값이 나왔다면 출력의 개수로 나누지 않고, 평균이 아니라 합을 미분한 것입니다.",
        key_en="If you got this, you differentiated the sum over the outputs, not their mean.",
        ko="{quantity} 계산에서 출력의 개수로 나누지 않았습니다.",
        en="The division by the number of outputs is missing in {quantity}.",
    ),
    "penalty_forgotten": _row(
        Change("weights_gradient", does.without_penalty, at.penalised),
        key_ko="이 값이 나왔다면 정칙화 항의 기울기를 더하지 않은 것입니다.",
        key_en="If you got this, you forgot the gradient of the penalty on the weights.",
        ko="{quantity} 계산에서 정칙화 항의 기울기가 빠졌습니다.",
        en="The gradient of the penalty is missing in {quantity}.",
    ),
    "penalty_not_doubled": _row(
        Change("weights_gradient", does.penalty_not_doubled, at.penalised),
        key_ko="이 값이 나왔다면 정칙화 항을 미분할 때 나오는 2를 빠뜨린 것입니다.",
        key_en="If you got this, you forgot the factor 2 in the gradient of the penalty.",
        ko="{quantity} 계산에서 정칙화 항을 미분할 때 나오는 2가 빠졌습니다.",
        en="The factor 2 of the penalty's gradient is missing in {quantity}.",
    ),
    "mean_and_sum_mixed_up": _row(
        Change("share", does.other_share, at.batched),
        key_ko="이 값이 나왔다면 배치에서 평균과 합을 혼동한 것입니다.",
        key_en="If you got this, you mixed up mean and sum over the batch.",
        ko="{quantity} 계산에서 배치의 평균과 합을 혼동했습니다.",
        en="Mean and sum over the batch are mixed up in {quantity}.",
    ),
    "common_logarithm": _row(
        Change("row_losses", does.loss_of_common_logarithm, at.takes_logarithms),
        key_ko="이 값이 나왔다면 자연로그 대신 상용로그를 쓴 것입니다.",
        key_en="If you got this, you took the logarithm to the base 10, not the natural one.",
        ko="{quantity} 계산에 자연로그 대신 상용로그를 썼습니다.",
        en="The logarithm in {quantity} is to the base 10, not the natural one.",
    ),
    "updated_weights": _row(
        Change("read_gradient", does.through_updated_weights, at.updated_above),
        key_ko=(
            "이 값이 나왔다면 이미 갱신한 가중치로 기울기를 뒤로 전달한 것입니다. 모든 기울기는 "
            "갱신 전의 가중치로 구합니다."
        ),
        key_en=(
            "If you got this, you went back through weights that were updated already: use those from before."
        ),
        ko="{quantity} 계산에 이미 갱신한 가중치를 썼습니다.",
        en="Weights that were updated already lead back to {quantity}.",
    ),
    "gradient_ascended": _row(
        Change("update", does.ascended, at.steps),
        key_ko="이 값이 나왔다면 기울기를 빼지 않고 더한 것입니다.",
        key_en="If you got this, you added the gradient instead of subtracting it.",
        ko="{quantity} 계산에서 기울기를 빼지 않고 더했습니다.",
        en="The gradient was added, not subtracted, in {quantity}.",
    ),
}

MISCONCEPTIONS: Mapping[str, Misconception] = {name: replace(row, name=name) for name, row in _ROWS.items()}


def applying(network: Network) -> tuple[Misconception, ...]:
    """The mistakes that can be made in a network, in the order of the table."""
    return tuple(row for row in MISCONCEPTIONS.values() if row.applies(network))


def can_differ(network: Network, left: Misconception, right: Misconception) -> bool:
    """Whether the network's shape leaves room for two mistakes to lead to different answers.

    A mask is a choice of units, and on a layer of two units, one of them active, there are but four: the
    right one, its inverse, both and none. The mistakes that do no more than choose otherwise cannot all
    differ there, unless one of them makes the whole gradient zero.
    """
    if not (left.masks and right.masks) or {left.name, right.name} == {"mask_forgotten", "mask_inverted"}:
        return True
    return all(layer.n_out > 2 for layer in network.layers if at.masks(network, layer))
