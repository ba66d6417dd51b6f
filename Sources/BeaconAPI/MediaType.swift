/// Media types of the beacon API.
package enum MediaType {
    package static let json = "application/json"
    package static let ssz = "application/octet-stream"
    package static let eventStream = "text/event-stream"
    /// For answers that are better in SSZ.
    package static let sszOrJSON = "application/octet-stream;q=1.0,application/json;q=0.9"
}
