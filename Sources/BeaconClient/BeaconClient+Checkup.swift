import BeaconAPI
import Ethereum
import SSZ

/// What one node says of itself, whether it may be used or not.
extension BeaconClient {
    package struct Checkup: Sendable {
        package let syncing: SyncingStatus
        /// The answer's `Date`, in whole seconds: the node's clock, or that of a proxy in front of it.
        package let date: String?
        /// Of the network; nil if it does not tell.
        package let peers: UInt64?
    }

    package func checkup(of node: Int) async throws(BeaconError) -> Checkup {
        let (syncing, date) = try await callRaw(.syncing, at: node) { body, headers -> (SyncingStatus, String?) in
            let json = try BeaconAnswer.parse(body.bytes, bytesMax: BeaconEndpoint.syncing.answerBytesMax)
            return (try SyncingStatus(json: json.member("data")), headers["Date"])
        }
        let peers: UInt64?
        do throws(BeaconError) {
            peers = try await call(.peerCount, at: node) { try $0.member("data").field("connected") }
        } catch {
            guard error.cause != .cancelled else { throw error }
            peers = nil
        }
        return Checkup(syncing: syncing, date: date, peers: peers)
    }
}
