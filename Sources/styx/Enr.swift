import ArgumentParser
import Cluster
import Foundation
import Libp2p

struct Enr: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print this node's ENR, the record that other operators put into a cluster.")

    @Option(help: "Directory with charon-enr-private-key.") var dataDir = ".charon"
    @Flag(help: "Print the libp2p peer id instead, as --p2p-peers of other operators needs it.") var peerId = false

    static let flags = EnvironmentArguments.Flags(options: ["data-dir"], switches: ["peer-id"])

    func run() throws {
        do {
            let key = try IdentityKeyFile.load(dataDir + "/" + IdentityKeyFile.name)
            print(peerId ? "\(PeerID(key.publicKey))" : ENR(signedBy: key).text)
        } catch {
            throw CommandFailure("enr: \(error)")
        }
    }
}
