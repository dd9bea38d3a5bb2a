// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// Six digits and the signing domain of USDC on Base Sepolia; the authorizations are OpenZeppelin's.
contract TestUSDC is ERC3009 {
    constructor() ERC20("USDC", "USDC") EIP712("USDC", "2") {}
    function name() public pure override returns (string memory) { return "USDC"; }
    function version() external pure returns (string memory) { return "2"; }
    function decimals() public pure override returns (uint8) { return 6; }
    function DOMAIN_SEPARATOR() external view returns (bytes32) { return _domainSeparatorV4(); }
    function mint(address to, uint256 micros) external { _mint(to, micros); }
}
