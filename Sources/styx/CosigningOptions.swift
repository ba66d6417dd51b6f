import ArgumentParser
import Cluster
import ClusterSetup
import Cosigning
import Ethereum
import Foundation
import Logging
import Node
import SSZ

// What `exit`, `deposit` and `feerecipient` have in common: flags, each in a group of those that come together.

/// Flags about the cluster.
struct CosigningOptions: ParsableArguments {
    @Option(help: "Cluster lock of this cluster. It is always verified in full.")
    var lockFile = ClusterFiles().lockFile
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @OptionGroup var testnet: TestnetOptions

    static let names = ["lock-file", "execution-client-rpc-endpoint"] + TestnetOptions.names

    var files: ClusterFiles {
        var files = ClusterFiles()
        files.lockFile = lockFile
        files.executionEndpoint = executionClientRpcEndpoint
        files.network = testnet.flags
        files.concurrency = ProcessInfo.processInfo.activeProcessorCount
        return files
    }
}

/// The flag of the operator's identity.
struct SeatOptions: ParsableArguments {
    @Option(help: "This operator's secp256k1 identity key.") var privateKeyFile = ClusterFiles().privateKeyFile

    static let names = ["private-key-file"]

    func add(to files: inout ClusterFiles) { files.privateKeyFile = privateKeyFile }
}

/// Flags of what is signed with.
struct ShareOptions: ParsableArguments {
    @Option(help: "This operator's EIP-2335 key shares.") var validatorKeysDir = ClusterFiles().validatorKeysDirectory
    @Flag(help: "Go on although key shares of some validators are missing.") var allowIncompleteKeystores = false
    @Option(help: "What signs: keystores, or remote (a remote signer that holds the key shares).")
    var signer = NodeConfiguration.Signing.keystores
    @OptionGroup var remoteSigner: RemoteSignerOptions

    static let names = ["validator-keys-dir", "signer"] + RemoteSignerOptions.names
    static let switches = ["allow-incomplete-keystores"]

    /// Opens the files of TLS towards a remote signer.
    func add(to files: inout ClusterFiles) throws {
        files.validatorKeysDirectory = validatorKeysDir
        files.allowsIncompleteKeystores = allowIncompleteKeystores
        switch signer {
        // A node whose validator client signs: its operator has the keystores.
        case .off, .keystores: try remoteSigner.flags.validate(isUsed: false)
        case .remote:
            guard validatorKeysDir == ClusterFiles().validatorKeysDirectory else {
                throw CommandFailure("--validator-keys-dir is given beside --signer remote, which opens no keystores")
            }
            files.remoteShares = try RemoteShares(remoteSigner.flags, logger: Logger(label: "signer"))
        }
        let bar = ProgressBar("opening keystores")
        files.opened = { bar.update($0, $1) }
    }
}

/// Flags of where operators leave their signatures for each other.
struct PublishOptions: ParsableArguments {
    @Option(help: "Where operators exchange what they signed.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "How long that service may take to answer, e.g. 5m.", transform: duration)
    var publishTimeout = ObolAPI.defaultTimeout

    static let names = ["publish-address", "publish-timeout"]

    struct Service: Sendable {
        let url: ServiceURL
        let timeout: Duration

        func api(_ web: WebClient) -> ObolAPI { ObolAPI(url, timeout: timeout, web: web) }
    }

    func service() throws -> Service {
        guard publishTimeout > .zero else { throw CommandFailure("--publish-timeout is not above zero; use e.g. 5m") }
        do throws(ServiceURL.Fault) {
            return Service(url: try ServiceURL(publishAddress), timeout: publishTimeout)
        } catch {
            // Not the text itself: it may hold a password.
            throw CommandFailure("--publish-address: \(error)")
        }
    }
}

/// Flags of beacon nodes.
struct BeaconOptions: ParsableArguments {
    @Option(help: "Beacon nodes, comma-separated URLs, e.g. http://localhost:5052.")
    var beaconNodeEndpoints: [String] = []
    @Option(help: "Beacon nodes used when all others are out of reach.")
    var fallbackBeaconNodeEndpoints: [String] = []
    @Option(help: "How long a beacon node may take to answer, e.g. 30s.", transform: duration)
    var beaconNodeTimeout = BeaconNodes().timeout
    @Option(help: "HTTP headers for every beacon node, comma-separated name=value.")
    var beaconNodeHeaders: [String] = []
    @Option(help: "Private test network: fork version of Capella, which exits are signed for.")
    var testnetCapellaHardFork = ""

    static let names = [
        "beacon-node-endpoints", "fallback-beacon-node-endpoints", "beacon-node-timeout", "beacon-node-headers",
        "testnet-capella-hard-fork",
    ]

    var nodes: BeaconNodes {
        var nodes = BeaconNodes()
        nodes.endpoints = list(beaconNodeEndpoints)
        nodes.fallbackEndpoints = list(fallbackBeaconNodeEndpoints)
        nodes.headers = list(beaconNodeHeaders)
        nodes.timeout = beaconNodeTimeout
        return nodes
    }

    func add(to files: inout ClusterFiles) { files.network.testnetCapellaForkVersion = testnetCapellaHardFork }
}

extension CommandNotes {
    /// Results on standard output, the rest on standard error. They may quote what others wrote.
    static let console = CommandNotes(
        say: { print($0.withoutControls) }, warn: { note("warning: \($0.withoutControls)") })
}

/// A validator's public key from the command line.
func publicKey(_ text: String, _ option: String) throws -> PubKey {
    do throws(HexError) {
        return try PubKey(hex: text)
    } catch {
        throw CommandFailure("\(option): \"\(text.prefix(120))\" is not 0x and 96 hex digits (\(error))")
    }
}

func publicKeys(_ values: [String]) throws -> [PubKey] {
    try list(values).map { try publicKey($0, "--validator-public-keys") }
}
