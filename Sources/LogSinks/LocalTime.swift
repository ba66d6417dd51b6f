import Ethereum
import Glibc

/// The time zone of this machine.
package enum LocalTime {
    package static let secondsEastOfUTC: @Sendable (Instant) -> Int = { instant in
        var seconds = time_t(instant.unixSeconds)
        var local = tm()
        return localtime_r(&seconds, &local) == nil ? 0 : local.tm_gmtoff
    }
}
