import './design/tokens.css';
import './design/base.css';
import './design/controls.css';
import './design/print.css';

import { mount } from 'svelte';

import App from './App.svelte';

const target = document.getElementById('page');
if (target !== null) mount(App, { target });
