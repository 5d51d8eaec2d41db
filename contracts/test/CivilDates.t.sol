// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CivilDates} from "../libraries/CivilDates.sol";
import {vm} from "./support/Cheatcodes.sol";

/// @notice Which numbers are days.
contract CivilDatesTest {
    /// Common years and leap years, those of centuries included, each day and what is none.
    function testTheCalendarHasTheseDaysAndNoOthers() external pure {
        uint256[8] memory someYears = [uint256(1949), 2000, 2023, 2024, 2025, 2100, 2400, 9999];
        uint8[8] memory februaries = [28, 29, 28, 29, 28, 28, 29, 28];
        for (uint256 i = 0; i < someYears.length; ++i) {
            uint8[14] memory lengths = [0, 31, februaries[i], 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0];
            for (uint256 month = 0; month < 14; ++month) {
                for (uint256 day = 0; day < 100; ++day) {
                    bool isExpected = day != 0 && day <= lengths[month];
                    uint256 date = someYears[i] * 10_000 + month * 100 + day;
                    vm.assertTrue(CivilDates.isDay(date) == isExpected, vm.toString(date));
                }
            }
        }
    }

    function testNoDayLiesBefore1949OrHasMoreThanEightDigits() external pure {
        vm.assertFalse(CivilDates.isDay(19481231));
        vm.assertFalse(CivilDates.isDay(100000101));
        vm.assertFalse(CivilDates.isDay(type(uint32).max));
    }
}
