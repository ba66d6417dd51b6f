import Cluster
import Ethereum
import SSZ

/// `--withdrawal-addresses` of `deposit sign`: an account, or whole withdrawal credentials.
///
/// Charon takes the credentials only, although the flag is called after addresses (spec/cli-create.md §9); here an
/// address is made into those of the cluster's kind.
struct WithdrawalTarget: Equatable, Sendable {
    let credentials: Bytes32
    private static let option = "--withdrawal-addresses"

    /// - Parameters:
    ///   - text: hex of 20 bytes, with a right checksum unless it is all in one case; or hex of 32 bytes, `01` or `02`,
    ///     11 zeros and the address.
    ///   - compounding: whether the cluster's validators are.
    init(_ text: String, compounding: Bool, network: Network) throws(ClusterError) {
        let bytes: [UInt8]
        do throws(HexError) { bytes = try Hex.decode(text, bytesMax: 32) } catch {
            throw .option(Self.option, "\"\(text.prefix(80))\": \(error)")
        }
        switch bytes.count {
        case 20:
            let address = try EthereumAddress(checked: text, Self.option)
            self.init([compounding ? 2 : 1] + [UInt8](repeating: 0, count: 11) + address.bytes.bytes)
        case 32:
            guard bytes[0] == 1 || bytes[0] == 2, bytes[1..<12].allSatisfy({ $0 == 0 }) else {
                throw .option(
                    Self.option,
                    "\"\(text)\" are no withdrawal credentials of an account: 0x01 or 0x02, then 11 zero bytes, then"
                        + " the address")
            }
            self.init(bytes)
        default:
            throw .option(
                Self.option, "\"\(text)\" has \(bytes.count) bytes; give an address of 20, or credentials of 32")
        }
        guard !network.holdsValue || !address.isZero else {
            throw .option(Self.option, "the zero address: the stake would be lost")
        }
    }

    private init(_ bytes: [UInt8]) { credentials = Bytes32(padding: bytes) }

    var address: EthereumAddress { EthereumAddress(Bytes20(padding: credentials.bytes.suffix(20))) }

    var isCompounding: Bool { credentials[0] == 2 }
}

extension EthereumAddress {
    /// - Parameter text: `0x` may be missing; letters of both cases are a checksum, which must be right.
    init(checked text: String, _ option: String) throws(ClusterError) {
        let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text
        guard let address = EthereumAddress("0x" + digits) else {
            throw .option(option, "\"\(text.prefix(80))\" is not 0x and 40 hex digits")
        }
        let isMixed = digits.contains(where: \.isUppercase) && digits.contains(where: \.isLowercase)
        guard !isMixed || address.checksummed == "0x" + digits else {
            throw .option(
                option, "no valid checksum: \"\(text)\"; if it is right, write \(address.checksummed)")
        }
        self = address
    }
}
