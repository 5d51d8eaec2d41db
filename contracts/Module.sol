// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IEntryLog} from "./interfaces/IEntryLog.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {MemberId} from "./types/Identifiers.sol";

/// @title What every module shares: where the consortium and the log are, how statements are digested
abstract contract Module {
    IConsortium internal immutable _CONSORTIUM;
    IEntryLog internal immutable _LOG;
    bytes32 private immutable _DOMAIN_SEPARATOR;

    constructor(IConsortium consortium) {
        _CONSORTIUM = consortium;
        _LOG = consortium.entryLog();
        _DOMAIN_SEPARATOR = StatementHashes.domainSeparator(consortium.ledgerId());
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return StatementHashes.digest(_DOMAIN_SEPARATOR, structHash);
    }

    /// @dev Appends the one entry of the event that was just emitted.
    function _record(bytes32 kind, MemberId region, bytes18 actor, bytes32 subject, bytes memory payload)
        internal
    {
        _LOG.append(kind, region, actor, subject, sha256(payload));
    }
}
