// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Days of the civil calendar as numbers, yyyymmdd
library CivilDates {
    uint256 private constant FIRST = 1949_01_01;
    uint256 private constant LAST = 9999_12_31;

    /// Whether the Gregorian calendar has this day, from 1949 on.
    function isDay(uint256 date) internal pure returns (bool) {
        uint256 month = (date / 100) % 100;
        uint256 day = date % 100;
        if (date < FIRST || date > LAST || month == 0 || month > 12 || day == 0) return false;
        return day <= 28 || day <= _lengthOf(date / 10_000, month);
    }

    function _lengthOf(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 2) {
            bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            return isLeap ? 29 : 28;
        }
        // January to July the odd months are long, from August on the even ones.
        return 30 + ((month + month / 8) % 2);
    }
}
