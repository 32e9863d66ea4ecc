import { onOpenDht } from './opendht.js';

await onOpenDht('people.test.js');
