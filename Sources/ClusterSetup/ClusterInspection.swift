import Cluster
import Ethereum
import Libp2p
import SSZ

/// A lock or a definition with all that was checked about it: what `styx cluster inspect` shows.
package struct ClusterInspection: Sendable {
    package struct Operator: Sendable {
        /// Empty: not named by an account.
        package let address: String
        /// Empty before the operator joined.
        package let enr: String
        /// Empty without a readable record.
        package let peerID: String
    }

    /// Where it came from, for people.
    package let source: String
    package let definition: Definition
    /// Nil for a definition.
    package let lock: Lock?
    package let verification: Verification
    /// Nil if the fork version names none known here.
    package let network: Network?
    package let operators: [Operator]

    private static let fileBytesMax = 64 << 20

    /// Reads a file or URL and checks everything in it. What cannot be read at all throws; what does not hold is shown.
    package static func load(
        _ text: String, network: NetworkFlags, executionEndpoint: String, web: WebClient
    ) async throws -> ClusterInspection {
        let source = try DefinitionSource(text)
        let bytes = try await source.read(web, bytesMax: fileBytesMax, option: "<file>")
        let custom = try network.custom()
        let (definition, lock): (Definition, Lock?)
        do throws(ClusterError) {
            (definition, lock) = try decode(bytes)
        } catch {
            throw ClusterError.inFile(source.description, error)
        }
        var verification = try await TrustedDealer.onOwnThread {
            lock?.verification(customNetwork: custom, deposits: true).report
                ?? definition.verification(customNetwork: custom)
        }
        try await ContractQuestions(endpoint: executionEndpoint, web: web).settle(&verification)
        return ClusterInspection(
            source: source.description, definition: definition, lock: lock, verification: verification,
            network: try? definition.network(custom: custom))
    }

    init(source: String, definition: Definition, lock: Lock?, verification: Verification, network: Network?) {
        self.source = source
        self.definition = definition
        self.lock = lock
        self.verification = verification
        self.network = network
        operators = definition.operators.map { item in
            let peerID = (try? ENR(item.enr)).map { "\(PeerID($0.publicKey))" }
            return Operator(address: item.address, enr: item.enr, peerID: peerID ?? "")
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(ClusterError) -> (Definition, Lock?) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes, limits: JSONLimits(bytesMax: fileBytesMax))
        } catch {
            throw .field("file", "neither a cluster lock nor a definition (\(error))")
        }
        guard let object = json.object else { throw .field("file", "neither a cluster lock nor a definition") }
        // Names count in any case, as Charon reads them.
        guard object.members.contains(where: { $0.name.lowercased() == "cluster_definition" }) else {
            return (try Definition(json: bytes), nil)
        }
        let lock = try Lock(json: bytes)
        return (lock.definition, lock)
    }

    /// Whether everything holds. A signature that only a contract could confirm, and nobody asked it, does not.
    package var isSound: Bool { verification.failures.isEmpty }

    /// Public key in hex, by validator; empty for a definition.
    var publicKeys: [String] { lock?.validators.map { Hex.encode($0.publicKey) } ?? [] }

    /// Amounts in ETH, ascending.
    var depositAmounts: [String] {
        definition.signedDepositAmounts.map { amount in
            let (whole, rest) = amount.rawValue.quotientAndRemainder(dividingBy: 1_000_000_000)
            guard rest != 0 else { return "\(whole)" }
            var digits = String(String(rest + 1_000_000_000).dropFirst())
            while digits.hasSuffix("0") { digits.removeLast() }
            return "\(whole).\(digits)"
        }
    }
}
