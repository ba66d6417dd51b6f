import DutyWorkflow
import Ethereum

/// What a picture shows beside the duties: how things are at this moment. Texts may be other people's.
package struct LiveFacts: Sendable {
    package struct Node: Sendable {
        package var nickname = ""
        package var version = ""
        package var startedAt = Instant(nanoseconds: 0)
        package var clusterName = ""
        /// Seven hex digits.
        package var clusterHash = ""
        package var network = ""
        /// Shares of a group signature.
        package var threshold = 0
        /// Of consensus.
        package var quorum = 0
        package var validators = 0

        package init() {}
    }

    package struct Readiness: Sendable {
        package var code: Int
        package var text: String
        /// Nil when nobody has to act.
        package var advice: String?

        package init(code: Int, text: String, advice: String?) {
            (self.code, self.text, self.advice) = (code, text, advice)
        }
    }

    package struct Signer: Sendable {
        /// `off`, `keystores` or `remote`, as the flag says.
        package var mode: String
        /// On the validator API so far.
        package var requests: UInt64
        package var userAgent: String?

        package init(mode: String, requests: UInt64, userAgent: String?) {
            (self.mode, self.requests, self.userAgent) = (mode, requests, userAgent)
        }
    }

    /// One that holds this operator's key shares.
    package struct RemoteSigner: Sendable {
        package enum Health: Hashable, Sendable {
            case up
            /// It answers, and says that something in it is down.
            case unhealthy(String)
            case unreachable(String)
        }

        enum State: String {
            case up
            case unhealthy
            case down
            case unknown
        }

        /// Without secrets.
        package var address: String
        /// As it said when asked last; nil before, and if it has no such page.
        package var health: Health?
        package var askedAgo: Duration?
        /// Of this operator's key shares, those that it lists; nil until it did.
        package var shares: Int?
        /// Since when it makes no signatures when asked; nil if it does, as far as we know.
        package var outFor: Duration?
        /// How that began.
        package var failure: String?

        package init(address: String) { self.address = address }

        /// Who is well and makes no signatures is not well.
        var state: State {
            switch health {
            case .unreachable?: .down
            case .unhealthy?: .unhealthy
            case .up?: outFor == nil ? .up : .unhealthy
            case nil: outFor != nil ? .down : shares == nil ? .unknown : .up
            }
        }

        /// What is wrong with it.
        var problem: String? {
            switch health {
            case .unreachable(let why)?, .unhealthy(let why)?: why
            case .up?, nil: outFor == nil ? nil : failure
            }
        }
    }

    package struct BeaconNode: Sendable {
        /// Without what may be a secret.
        package var address: String
        package var isFallback = false
        package var version: String?
        /// How long it has not answered; nil if it did last time.
        package var outFor: Duration?
        /// What came of the last question, while it is out.
        package var problem: String?
        /// Whether it follows the chain, as far as we know.
        package var isFollowing = true
        /// Of the last answers, at most 32.
        package var latencies: [Duration] = []
        package var answeredAgo: Duration?
        package var headSlot: Slot?

        package init(address: String) { self.address = address }
    }

    /// An operator of the cluster, this one included.
    package struct Peer: Sendable {
        package enum Path: String, Sendable {
            case direct
            case relay
        }

        package var index: PeerIndex
        package var nickname = ""
        package var client = ""
        package var version = ""
        /// Nil while not connected, and for this node.
        package var path: Path?
        package var roundTrip: Duration?
        package var clockOffset: Duration?
        /// Whether it runs the same cluster lock; nil until it told.
        package var isSameCluster: Bool?
        /// Why it is not connected, or was not.
        package var lastFailure: String?

        package init(_ index: PeerIndex) { self.index = index }
    }

    package var node = Node()
    package var readiness = Readiness(code: 0, text: "", advice: nil)
    package var signer = Signer(mode: "off", requests: 0, userAgent: nil)
    package var remoteSigners: [RemoteSigner] = []
    package var beaconNodes: [BeaconNode] = []
    /// In the order of the lock.
    package var peers: [Peer] = []
    /// Whether `/debug/doctor` is there.
    package var hasDoctor = false

    package init() {}
}
