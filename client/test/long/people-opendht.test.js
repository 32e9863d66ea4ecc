import { onOpenDht } from '../e2e/opendht.js';

await onOpenDht('people.test.js');
