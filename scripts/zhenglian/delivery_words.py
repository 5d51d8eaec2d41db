"""What concerns deliveries in words: kinds, states, and why one does not get on."""

from __future__ import annotations

from typing import Final

from zhenglian.language import Language

_KINDS: Final = {
    "presentation": ("证照出示", "presentation"),
    "materials": ("材料", "materials"),
    "case_package": ("案卷", "case package"),
    "result": ("办理结果", "result"),
    "receipt": ("回执", "receipt"),
    "status_notice": ("状态通知", "status notice"),
}
_STATES: Final = {
    "queued": ("待发送", "waiting"),
    "sending": ("发送中", "being sent"),
    "delivered": ("已送达，回执待上链", "delivered, receipt not on the chain yet"),
    "receiving": ("接收中", "coming in"),
    "received": ("已收到，回执待上链", "received, receipt not on the chain yet"),
    "acknowledged": ("已签收，回执已上链", "acknowledged on the chain"),
    "failed": ("对方拒收", "refused by the receiver"),
    "refused": ("已拒收", "refused"),
    "expired": ("逾期未完成", "not completed in time"),
}
_REASONS: Final = {
    "peer_unreachable": ("对方节点无法连接", "the other node cannot be reached"),
    "peer_timeout": ("对方节点没有及时应答", "the other node did not answer in time"),
    "peer_address_missing": (
        "没有设置对方节点的地址（node.toml 的 deliveries.peers）",
        "no address of the other node is set (deliveries.peers in node.toml)",
    ),
    "peer_ca_unreadable": (
        "无法读取签发对方证书的机构文件（node.toml 的 ca_file）",
        "the file of the authority of the other node's certificate cannot be read (ca_file)",
    ),
    "peer_certificate_untrusted": (
        "对方 TLS 证书不是由可信机构签发（核对 node.toml 的 ca_file）",
        "the other node's TLS certificate is by no trusted authority (see ca_file in node.toml)",
    ),
    "peer_certificate_expired": (
        "对方 TLS 证书已过期或尚未生效（也请核对本机时钟）",
        "the other node's TLS certificate has expired, or is not valid yet by our clock",
    ),
    "peer_certificate_misnamed": (
        "对方 TLS 证书不是该地址的",
        "the other node's TLS certificate is for another address",
    ),
    "peer_tls_failed": ("与对方的 TLS 连接失败", "no TLS connection to the other node can be made"),
    "peer_answer_malformed": ("对方节点的应答无法识别", "the other node's answer makes no sense"),
    "disk_full": ("对方磁盘已满", "the other node's disk is full"),
    "too_many_deliveries": ("对方正在接收的件过多", "too much is on its way there already"),
    "too_many_requests": ("请求过于频繁", "asked too often"),
    "seal_key_not_in_force": ("印章密钥未在有效期内", "a seal key is not in force"),
    "seal_key_missing": ("没有有效的印章密钥", "there is no seal key in force"),
    "receipt_differs": ("回执与所发送的不符", "the receipt is not for what was sent"),
    "receipt_not_sealed": ("回执未经对方盖章", "the receipt is not sealed by the receiver"),
    "receipt_missing": ("对方已收齐，尚无回执", "everything is there, and no receipt yet"),
    "receiver_not_here": ("收件部门不在对方节点", "the receiver is not at that node"),
    "delivery_too_large": ("超过对方允许的大小", "larger than the receiver takes"),
    "delivery_exists": (
        "对方曾签收而后丢失，请重新发送",
        "the receiver acknowledged it and lost it; send it anew",
    ),
    "envelope_altered": ("信封已被改动", "the envelope was altered"),
    "envelope_for_another_key": ("加密所用的不是收件方现用密钥", "encrypted to another key"),
    "delivery_digest_differs": ("内容与所声明的不符", "the content is not what was announced"),
    "not_taken_in_time": ("对方未及时接收", "not taken in time"),
    "chain_unavailable": ("链暂时无法访问", "the chain is not to be had now"),
}


def describe_kind(kind: str, language: Language) -> str:
    """What a delivery holds."""
    return language.pick(*_KINDS.get(kind, (kind, kind)))


def describe_delivery_state(state: str, language: Language) -> str:
    """How far a delivery is."""
    return language.pick(*_STATES.get(state, (state, state)))


def describe_delivery_reason(reason: str | None, language: Language) -> str:
    """Why a delivery does not get on; empty if nothing keeps it."""
    return language.pick(*_REASONS.get(reason, (reason, reason))) if reason else ""
