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
        time = try json.member("genesis_time") { json throws(SSZError) in try UInt64(json: json) }
        validatorsRoot = try json.member("genesis_validators_root") { json throws(SSZError) in try Root(json: json) }
        forkVersion = try json.member("genesis_fork_version") { json throws(SSZError) in try ForkVersion(json: json) }
    }

    package func json() -> JSONValue {
        [
            "genesis_time": time.json(), "genesis_validators_root": validatorsRoot.json(),
            "genesis_fork_version": forkVersion.json(),
        ]
    }
}
