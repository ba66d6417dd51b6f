/// Header names and media types of the beacon API.
package enum HeaderName {
    /// The fork of the body, lower case: `phase0` … `fulu`.
    package static let consensusVersion = "Eth-Consensus-Version"
    package static let contentType = "Content-Type"
    package static let contentLength = "Content-Length"
    package static let accept = "Accept"
    package static let authorization = "Authorization"
    package static let userAgent = "User-Agent"
    package static let lastEventID = "Last-Event-ID"
}

package enum MediaType {
    package static let json = "application/json"
    package static let ssz = "application/octet-stream"
    package static let eventStream = "text/event-stream"
}
