import Ethereum
import SSZ

/// `GET /eth/v1/beacon/genesis`: which chain this is.
package struct Genesis: Hashable, Sendable {
    /// Seconds since the Unix epoch.
    package var time: UInt64
    package var validatorsRoot: Root
    package var forkVersion: ForkVersion

    package init(time: UInt64, validatorsRoot: Root, forkVersion: ForkVersion) {
        self.time = time
        self.validatorsRoot = validatorsRoot
        self.forkVersion = forkVersion
    }

    /// From the `data` member.
    package init(json: JSONValue) throws(SSZError) {
        time = try json.field("genesis_time")
        validatorsRoot = try json.field("genesis_validators_root")
        forkVersion = try json.field("genesis_fork_version")
    }

    package func json() -> JSONValue {
        [
            "genesis_time": time.json(), "genesis_validators_root": validatorsRoot.json(),
            "genesis_fork_version": forkVersion.json(),
        ]
    }
}
