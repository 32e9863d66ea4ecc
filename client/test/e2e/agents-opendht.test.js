import { onOpenDht } from './opendht.js';

await onOpenDht('agents.test.js');
