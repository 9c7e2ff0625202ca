/** What each lane heard in one recording. */

import type { DocumentLane } from '../../../lib/api/documents';
import type { Transcript } from './transcripts';

export interface LaneTranscript {
  lane: DocumentLane;
  /** The lane's number in the run. */
  index: number;
  transcript: Transcript;
}
