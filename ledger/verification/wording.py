"""Check names and reasons in words, Chinese and English, with what to do next at the window.

Whoever shows a report takes the words from here, so that a code never stands alone before a clerk
or a citizen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName


@dataclass(frozen=True, slots=True)
class Wording:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ReasonWording:
    """A reason and the next step of a window clerk, in both languages."""

    zh: str
    en: str
    next_zh: str
    next_en: str


_RENEW = (
    "请持证人回原出示方式重新出示，或从证照库重新下载后再核验。",
    "Ask the holder to present it again, or fetch it anew, and verify again.",
)
_REJECT = (
    "不予采信；请联系颁发机构核实，并按规定上报可疑证照。",
    "Do not rely on it; ask the issuer and report the suspicious certificate.",
)
_ISSUER = (
    "请联系颁发机构核实，由其更正或重新颁发。",
    "Ask the issuer, who can correct or reissue it.",
)
_COMPLETE = (
    "请联网核验，或请出示方补全证据文件后再核验；此结果不代表证照无效。",
    "Verify online, or have the evidence completed; this does not mean that it is invalid.",
)
_REFRESH = (
    "请联网取得最新账本状态后再核验；此结果不代表证照无效。",
    "Fetch the present state of the ledger and verify again; this does not mean it is invalid.",
)
_OPERATOR = (
    "请联系本省节点运维人员核对账本，暂不作结论。",
    "Have the operator of your node look at the ledger; draw no conclusion yet.",
)
_HOLDER = (
    "请持证人用本人的应用重新出示。",
    "Ask the holder to present it again with the holder's own app.",
)
_LATER = (
    "本版本尚不支持该项核验，请按现行人工方式办理。",
    "This version cannot check it yet; proceed by the present manual way.",
)

CHECK_WORDING: Final[Mapping[CheckName, Wording]] = MappingProxyType(
    {
        CheckName.WELL_FORMED: Wording("格式完整", "Well-formed"),
        CheckName.SEAL_SIGNATURE: Wording("签章有效", "Seal signature"),
        CheckName.SIGNING_CERTIFICATE: Wording("签章证书可信", "Signing certificate"),
        CheckName.ISSUER: Wording("颁发机构有权颁发", "Issuer"),
        CheckName.ANCHORED: Wording("已上链存证", "Anchored"),
        CheckName.CATALOGUE: Wording("符合证照目录", "Catalogue"),
        CheckName.VALIDITY_PERIOD: Wording("在有效期内", "Validity period"),
        CheckName.STATUS: Wording("证照状态", "Status"),
        CheckName.RECOGNITION: Wording("本地区互认", "Recognition"),
        CheckName.FRESHNESS: Wording("依据时效", "Freshness"),
        CheckName.HOLDER_BINDING: Wording("本人出示", "Holder binding"),
    }
)

OUTCOME_WORDING: Final[Mapping[Outcome, Wording]] = MappingProxyType(
    {
        Outcome.PASSED: Wording("通过", "Passed"),
        Outcome.FAILED: Wording("未通过", "Failed"),
        Outcome.INDETERMINATE: Wording("暂无法判定", "Indeterminate"),
        Outcome.NOT_REQUIRED: Wording("不要求", "Not required"),
    }
)

REASON_WORDING: Final[Mapping[Reason, ReasonWording]] = MappingProxyType(
    {
        Reason.NOT_WELL_FORMED: ReasonWording(
            "文件不是完整的证照或证据文件，可能在传输中损坏或被改动",
            "The file is not a whole certificate or evidence file: damaged or altered",
            *_RENEW,
        ),
        Reason.CERTIFICATE_UNREADABLE: ReasonWording(
            "证照或其签章证书无法读取，此项无从核验",
            "The certificate or its signing certificate cannot be read, so this cannot be checked",
            *_RENEW,
        ),
        Reason.SEAL_INVALID: ReasonWording(
            "签章与内容不符，内容在签章后被改动或签章系伪造",
            "The seal does not fit the content, which was altered, or the seal is forged",
            *_REJECT,
        ),
        Reason.CHAIN_INVALID: ReasonWording(
            "签章证书不是由所附根证书签发的",
            "The signing certificate was not issued by the root that comes with it",
            *_REJECT,
        ),
        Reason.SIGNING_CERTIFICATE_NOT_YET_VALID: ReasonWording(
            "存证时签章证书尚未生效",
            "The signing certificate was not yet valid when the batch was anchored",
            *_ISSUER,
        ),
        Reason.SIGNING_CERTIFICATE_EXPIRED: ReasonWording(
            "存证时签章证书已过期",
            "The signing certificate had expired when the batch was anchored",
            *_ISSUER,
        ),
        Reason.SIGNING_CERTIFICATE_OF_ANOTHER_ISSUER: ReasonWording(
            "签章证书属于另一机构",
            "The signing certificate is that of another department",
            *_REJECT,
        ),
        Reason.SIGNING_CERTIFICATE_NOT_REGISTERED: ReasonWording(
            "签章证书与链上登记的不一致",
            "The signing certificate is not the one on record for this key",
            *_REJECT,
        ),
        Reason.ROOT_NOT_REGISTERED: ReasonWording(
            "根证书不是该地区在链上登记的根证书",
            "The root is not the one that the region has on record",
            *_REJECT,
        ),
        Reason.SEAL_KEY_NOT_REGISTERED: ReasonWording(
            "存证前链上没有登记过此印章密钥",
            "This seal key was not on record before the batch was anchored",
            *_REJECT,
        ),
        Reason.SEAL_KEY_OF_ANOTHER_ISSUER: ReasonWording(
            "印章密钥登记在另一机构名下",
            "The seal key is registered for another department",
            *_REJECT,
        ),
        Reason.SEAL_KEY_NOT_YET_VALID: ReasonWording(
            "存证时印章密钥尚未启用",
            "The seal key was not yet in force when the batch was anchored",
            *_ISSUER,
        ),
        Reason.SEAL_KEY_ENDED: ReasonWording(
            "存证时印章密钥已停用",
            "The seal key had ended when the batch was anchored",
            *_ISSUER,
        ),
        Reason.KEY_COMPROMISED: ReasonWording(
            "印章密钥在存证前已失密",
            "The seal key counts as compromised before the batch was anchored",
            *_REJECT,
        ),
        Reason.ISSUER_NOT_REGISTERED: ReasonWording(
            "存证前链上没有登记过此颁发机构",
            "The issuer was not on record before the batch was anchored",
            *_REJECT,
        ),
        Reason.ISSUER_ENDED: ReasonWording(
            "存证时颁发机构已注销登记",
            "The issuer's registration had ended when the batch was anchored",
            *_ISSUER,
        ),
        Reason.MEMBER_UNKNOWN: ReasonWording(
            "颁发机构所属地区不是本账本成员",
            "The issuer's region was not a member of this ledger",
            *_REJECT,
        ),
        Reason.MEMBER_REMOVED: ReasonWording(
            "存证时颁发机构所属地区已退出本账本",
            "The issuer's region had left this ledger when the batch was anchored",
            *_ISSUER,
        ),
        Reason.NOT_MANDATED: ReasonWording(
            "颁发机构没有颁发此类证照的授权",
            "The issuer has no mandate for this type of certificate",
            *_REJECT,
        ),
        Reason.MANDATE_NOT_IN_FORCE: ReasonWording(
            "存证时颁发此类证照的授权未生效或已终止",
            "The mandate for this type was not in force when the batch was anchored",
            *_ISSUER,
        ),
        Reason.MISSING_SEAL_KEY: ReasonWording(
            "证据中没有印章密钥的登记记录",
            "The evidence lacks the record of the seal key",
            *_COMPLETE,
        ),
        Reason.MISSING_DEPARTMENT: ReasonWording(
            "证据中没有颁发机构的登记记录",
            "The evidence lacks the record of the issuer",
            *_COMPLETE,
        ),
        Reason.MISSING_MEMBER: ReasonWording(
            "证据中没有颁发机构所属地区的成员记录",
            "The evidence lacks the record of the issuer's region",
            *_COMPLETE,
        ),
        Reason.MISSING_MANDATE: ReasonWording(
            "证据中没有颁发机构的授权记录",
            "The evidence lacks the record of the issuer's mandate",
            *_COMPLETE,
        ),
        Reason.NO_TRUSTED_LOG: ReasonWording(
            "核验方没有可信的账本状态，无法核对上链记录",
            "The verifier holds no trusted state of the ledger to check the records against",
            *_REFRESH,
        ),
        Reason.LEDGER_MISMATCH: ReasonWording(
            "证据来自另一个账本",
            "The evidence is of another ledger",
            *_REJECT,
        ),
        Reason.LOG_ROOT_MISMATCH: ReasonWording(
            "证据中的账本与核验方的账本不一致",
            "The log in the evidence is not the log that the verifier knows",
            *_OPERATOR,
        ),
        Reason.LOG_HEAD_UNKNOWN: ReasonWording(
            "证据对应的账本高度与核验方的不同，无法比对",
            "The evidence is for another size of the log than the verifier holds",
            *_REFRESH,
        ),
        Reason.LOG_PROOF_MISMATCH: ReasonWording(
            "证据中有记录不在可信账本中",
            "Some records of the evidence are not in the trusted log",
            *_REJECT,
        ),
        Reason.MISSING_BATCH_PROOF: ReasonWording(
            "证据中没有批次存证证明",
            "The evidence lacks the proof of the certificate's place in its batch",
            *_COMPLETE,
        ),
        Reason.MISSING_ANCHORING: ReasonWording(
            "证据中没有批次的上链记录",
            "The evidence lacks the entry that anchored the batch",
            *_COMPLETE,
        ),
        Reason.NOT_ANCHORED: ReasonWording(
            "账本中没有此批次：证照未上链，不算颁发",
            "The ledger has no such batch: the certificate was never issued",
            *_REJECT,
        ),
        Reason.NOT_ANCHORED_YET: ReasonWording(
            "核验方截至所示时间的账本中还没有此批次：可能刚刚颁发，也可能从未颁发",
            "The log as the verifier knows it has no such batch yet: it may be newer than that",
            "请稍后再核验；此结果不代表证照无效，也不代表有效。",
            "Verify again in a while; until then this says neither that it is valid nor invalid.",
        ),
        Reason.POSITION_MISMATCH: ReasonWording(
            "存证证明的位置与证照内所签位置不同",
            "The proof is for another place in the batch than the certificate states",
            *_REJECT,
        ),
        Reason.BATCH_KEY_MISMATCH: ReasonWording(
            "存证证明的批次与证照内所签批次不同",
            "The proof is for another batch than the certificate states",
            *_REJECT,
        ),
        Reason.BATCH_COUNT_MISMATCH: ReasonWording(
            "存证证明的批次数量与上链记录不同",
            "The proof is for another number of certificates than was anchored",
            *_REJECT,
        ),
        Reason.ISSUER_MISMATCH: ReasonWording(
            "批次由另一机构上链",
            "The batch was anchored by another department",
            *_REJECT,
        ),
        Reason.TYPE_MISMATCH: ReasonWording(
            "批次上链时声明的证照类型不同",
            "The batch was anchored for another type of certificate",
            *_REJECT,
        ),
        Reason.PROOF_ROOT_MISMATCH: ReasonWording(
            "证照不在该批次中：存证证明与上链的根不符",
            "The certificate is not in the batch: the proof does not lead to the anchored root",
            *_REJECT,
        ),
        Reason.ISSUED_AFTER_ANCHORING: ReasonWording(
            "证照所称签章时间晚于其上链时间",
            "The certificate claims to have been sealed after it was anchored",
            *_REJECT,
        ),
        Reason.TYPE_NOT_IN_CATALOGUE: ReasonWording(
            "存证时证照目录中没有此类证照",
            "The catalogue had no such type when the batch was anchored",
            *_ISSUER,
        ),
        Reason.MISSING_TYPE: ReasonWording(
            "证据中没有此类证照的目录记录",
            "The evidence lacks the catalogue's record of this type",
            *_COMPLETE,
        ),
        Reason.SCHEMA_UNKNOWN: ReasonWording(
            "核验方没有目录所指版本的证照数据规范，无法核对所示内容",
            "The verifier lacks the schema that the catalogue names, to compare the fields with",
            "请导入该类证照的数据规范文件后再核验；此结果不代表证照无效。",
            "Import the type's schema file and verify again; this does not mean it is invalid.",
        ),
        Reason.SCHEMA_MISMATCH: ReasonWording(
            "所示内容不符合目录中该类证照的数据规范",
            "What is shown does not fit the catalogue's schema of this type",
            *_ISSUER,
        ),
        Reason.NOT_YET_VALID: ReasonWording(
            "证照有效期尚未开始",
            "The certificate's validity has not begun",
            "请在有效期开始后办理。",
            "Proceed once its validity has begun.",
        ),
        Reason.EXPIRED: ReasonWording(
            "证照已过有效期",
            "The certificate has expired",
            "请持证人向颁发机构办理延续或换发。",
            "Ask the holder to have it renewed by the issuer.",
        ),
        Reason.NOT_YET_ISSUED: ReasonWording(
            "所问时点证照尚未颁发",
            "The certificate had not been issued at the time asked about",
            "请核对所问的时点。",
            "Check the time that was asked about.",
        ),
        Reason.CERTIFICATE_REVOKED: ReasonWording(
            "证照已被撤销或注销",
            "The certificate was revoked",
            "不予采信；依据见撤销记录，持证人可向颁发机构查询和申诉。",
            "Do not rely on it; the record gives the basis, the holder may ask the issuer.",
        ),
        Reason.CERTIFICATE_SUSPENDED: ReasonWording(
            "证照处于暂扣或中止状态",
            "The certificate is suspended",
            "暂不采信；请持证人向颁发机构了解恢复条件。",
            "Do not rely on it for now; the issuer tells how it can be restored.",
        ),
        Reason.CERTIFICATE_SUPERSEDED: ReasonWording(
            "证照已被新证照替换",
            "The certificate was replaced by another",
            "请持证人出示替换后的证照。",
            "Ask the holder for the certificate that replaced it.",
        ),
        Reason.MISSING_RELYING_REGION: ReasonWording(
            "要求互认核验，但没有指明使用证照的地区",
            "Recognition is asked for, but not for which region",
            "请指明使用证照的地区后再核验。",
            "Name the region that is to rely on it and verify again.",
        ),
        Reason.MISSING_POLICY: ReasonWording(
            "证据中没有足以证明本地区认可该证照的互认规则",
            "The evidence does not show that the relying region recognises the certificate",
            *_COMPLETE,
        ),
        Reason.NOT_RECOGNISED: ReasonWording(
            "所问时点本地区未认可颁发地的此类证照",
            "The relying region did not recognise such certificates of the issuing region then",
            "证照本身可能真实；请按未互认的证照办理，或由本地区与颁发地订立互认规则。",
            "It may be authentic; proceed as without recognition, or have a policy set.",
        ),
        Reason.STALE: ReasonWording(
            "依据的账本记录已过时限，期间可能有变化",
            "The records are older than the policy allows; something may have changed since",
            *_REFRESH,
        ),
        Reason.BEARER: ReasonWording(
            "未验证是否本人出示",
            "Whether its holder presents it was not checked",
            "需要确认本人时，请另行核验身份。",
            "Check the person's identity by other means where it matters.",
        ),
        Reason.MISSING_KEY_BINDING: ReasonWording(
            "要求本人出示，但出示内容没有本人签名",
            "Holder binding is asked for, but the presentation has none",
            *_HOLDER,
        ),
        Reason.NO_HOLDER_KEY: ReasonWording(
            "证照中没有持证人密钥，却附有本人签名",
            "There is a holder's signature, but the certificate names no holder's key",
            *_REJECT,
        ),
        Reason.KEY_BINDING_INVALID: ReasonWording(
            "本人签名与证照中的持证人密钥不符",
            "The holder's signature is not that of the key in the certificate",
            *_REJECT,
        ),
        Reason.KEY_BINDING_OF_ANOTHER_PRESENTATION: ReasonWording(
            "本人签名针对的是另一次出示的内容",
            "The holder's signature is for other content than is shown",
            *_HOLDER,
        ),
        Reason.MISSING_AUDIENCE: ReasonWording(
            "核验方没有指明自己的地区，无法确认出示对象",
            "The verifier did not say for which region it verifies",
            "请在核验设置中填写本地区后再核验。",
            "Set your region in the verification settings and verify again.",
        ),
        Reason.WRONG_AUDIENCE: ReasonWording(
            "本次出示是给另一地区的",
            "The presentation is for another region",
            *_HOLDER,
        ),
        Reason.WRONG_NONCE: ReasonWording(
            "本次出示不是针对本次请求的",
            "The presentation does not answer this request",
            *_HOLDER,
        ),
        Reason.KEY_BINDING_NOT_YET_VALID: ReasonWording(
            "本人签名的时间在将来，持证人设备时钟可能不准",
            "The holder's signature is dated in the future; the device's clock may be wrong",
            *_HOLDER,
        ),
        Reason.KEY_BINDING_EXPIRED: ReasonWording(
            "本次出示已超过时限",
            "The presentation has expired",
            *_HOLDER,
        ),
    }
)
