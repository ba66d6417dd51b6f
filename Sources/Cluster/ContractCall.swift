import SSZ

/// A question that only an execution client can answer: whether a contract (a Safe, say) takes a signature as its own.
///
/// Nothing here does I/O: verification yields the calls, a shell performs them (`eth_call` of `callData` to `address`
/// at the latest block) and gives the answers to `Verification.answer`. Source: ERC-1271, spec/cluster-files.md §8.2.
package struct ContractCall: Hashable, Sendable {
    package let address: EthereumAddress
    /// What was signed: an EIP-712 digest.
    package let digest: Bytes32
    /// As the file has it: 65 bytes for each owner.
    package let signature: [UInt8]

    /// First bytes of the call and of the answer yes: those of keccak256("isValidSignature(bytes32,bytes)").
    private static let selector: [UInt8] = [0x16, 0x26, 0xba, 0x7e]

    /// `isValidSignature(bytes32 hash, bytes signature)`, encoded for the ABI.
    package var callData: [UInt8] {
        let padding = [UInt8](repeating: 0, count: (32 - signature.count % 32) % 32)
        // The second argument is of any size: in its place stands where it begins, after two words.
        return Self.selector + digest.bytes + Self.word(64) + Self.word(signature.count) + signature + padding
    }

    /// Judges what came back. Nil: the contract takes the signature; otherwise why it does not count.
    package func refusal(_ answer: ContractAnswer) -> String? {
        switch answer {
        case .failed(let reason): return "the call of \(address) went wrong: \(reason)"
        case .returned(let bytes):
            guard !bytes.isEmpty else { return "no contract has the address \(address)" }
            guard bytes.count >= 32 else { return "the contract \(address) returned \(bytes.count) bytes, not a word" }
            guard bytes.starts(with: Self.selector) else { return "the contract \(address) refused the signature" }
            return nil
        }
    }

    private static func word(_ value: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: 24) + withUnsafeBytes(of: UInt64(value).bigEndian) { Array($0) }
    }
}

/// What became of a `ContractCall`.
package enum ContractAnswer: Equatable, Sendable {
    /// The bytes that `eth_call` returned.
    case returned([UInt8])
    /// It could not be called, or the call failed; the reason.
    case failed(String)
}
