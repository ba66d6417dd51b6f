import ArgumentParser
import Cluster
import Libp2p

struct Enr: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print this node's ENR, the record that other operators put into a cluster.")

    @Option(help: "Directory with charon-enr-private-key.") var dataDir = ".charon"
    @Flag(help: "Show the record's public key and signature too.") var verbose = false
    @Flag(help: "Print the libp2p peer id instead, as --p2p-peers of other operators needs it.") var peerId = false

    static let flags = EnvironmentArguments.Flags(options: ["data-dir"], switches: ["verbose", "peer-id"])

    func run() throws {
        do {
            let record = ENR(signedBy: try IdentityKeyFile.load(inDataDirectory: dataDir))
            print(peerId ? "\(PeerID(record.publicKey))" : record.text)
            if verbose { print(record.details) }
        } catch {
            throw CommandFailure("enr: \(error)")
        }
    }
}
