// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../../interfaces/ICaseLedger.sol";
import {ICatalogue} from "../../interfaces/ICatalogue.sol";
import {ICertificateLedger} from "../../interfaces/ICertificateLedger.sol";
import {IConsortium} from "../../interfaces/IConsortium.sol";
import {IEntryLog} from "../../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../../interfaces/IIssuerRegistry.sol";
import {IRecognitionRegistry} from "../../interfaces/IRecognitionRegistry.sol";
import {LogEntry} from "../../types/Records.sol";
import {Cheatcodes, vm} from "./Cheatcodes.sol";

/// @title Reads what was emitted: module events, log entries and whether they belong together
library Recording {
    /// @notice Asserts that the logs are pairs of one module event and its one entry.
    /// @return entries the entries, in order
    function pairUp(Cheatcodes.Log[] memory logs, IEntryLog log)
        internal
        view
        returns (LogEntry[] memory entries)
    {
        vm.assertEq(logs.length % 2, 0, "an event without an entry, or an entry without an event");
        entries = new LogEntry[](logs.length / 2);
        for (uint256 i = 0; i < entries.length; ++i) {
            Cheatcodes.Log memory happened = logs[2 * i];
            Cheatcodes.Log memory appended = logs[2 * i + 1];
            vm.assertTrue(happened.emitter != address(log), "an entry without an event");
            vm.assertEq(appended.emitter, address(log));
            vm.assertEq(appended.topics[0], IEntryLog.EntryAppended.selector);
            vm.assertEq(uint256(appended.topics[1]), log.size() - entries.length + i, "index");
            LogEntry memory entry = abi.decode(appended.data, (LogEntry));
            vm.assertEq(entry.kind, happened.topics[0], "kind is not the event's topic");
            vm.assertEq(entry.payloadHash, sha256(payload(happened)), "payloadHash");
            vm.assertEq(log.kindOwner(entry.kind), happened.emitter);
            vm.assertEq(entry.timeUnix, block.timestamp, "time");
            entries[i] = entry;
        }
    }

    /// @notice abi.encode of all the event's parameters in order, indexed or not.
    /// @dev Indexed parameters come first and are words, so the payload is topics and data in a
    /// row; only the offset of a dynamic parameter moves: there is one at most, the first in the
    /// data but in CaseAdvanced, where the state comes before it.
    function payload(Cheatcodes.Log memory happened) internal pure returns (bytes memory result) {
        bytes memory data = happened.data;
        uint256 indexed_ = happened.topics.length - 1;
        if (_hasOffset(happened.topics[0])) {
            uint256 place = happened.topics[0] == ICaseLedger.CaseAdvanced.selector ? 64 : 32;
            assembly {
                mstore(add(data, place), add(mload(add(data, place)), mul(32, indexed_)))
            }
        }
        for (uint256 i = 1; i <= indexed_; ++i) {
            result = bytes.concat(result, happened.topics[i]);
        }
        result = bytes.concat(result, data);
    }

    function _hasOffset(bytes32 kind) private pure returns (bool) {
        return kind == IConsortium.ConsortiumFounded.selector
            || kind == IConsortium.ProposalSubmitted.selector || kind == IConsortium.MemberAdmitted.selector
            || kind == IConsortium.ModuleInstalled.selector
            || kind == IIssuerRegistry.DepartmentRegistered.selector
            || kind == ICertificateLedger.StatusChanged.selector
            || kind == ICatalogue.TypeDefined.selector || kind == ICatalogue.NationalTypeChanged.selector
            || kind == ICatalogue.MatterDefined.selector
            || kind == IRecognitionRegistry.GroupDefined.selector
            || kind == IRecognitionRegistry.GroupAttested.selector
            || kind == IRecognitionRegistry.PactSigned.selector
            || kind == ICaseLedger.CaseAdvanced.selector || kind == ICaseLedger.StepAssigned.selector;
    }
}
